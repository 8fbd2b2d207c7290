// An article that was opened is read from its title on, wherever it appears.
watch("value", () => {
  const title = element.querySelector("h2");
  if (!title) return;
  title.focus({ preventScroll: true });
  title.scrollIntoView({ block: "nearest" });
});
