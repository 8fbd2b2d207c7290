// An article that was opened is read from its title on, wherever it appears. It is removed in two
// steps: the first shows what will happen.
watch("value", () => {
  const title = element.querySelector("h2");
  if (!title) return;
  title.focus({ preventScroll: true });
  title.scrollIntoView({ block: "nearest" });
});

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const sure = element.querySelector(".dl-sure");
  if (button.classList.contains("dl-remove")) {
    sure.hidden = false;
    sure.querySelector("button").focus();
  } else if (button.dataset.path) {
    trigger("remove", { file: button.dataset.path }) // a "path" is one of Gradio's own files;
  } else {
    sure.hidden = true;
    element.querySelector(".dl-remove").focus();
  }
});
