// Hands a text that the server made to the reader: as a file, or on the clipboard.
let handed = "";

function say(words) {
  const line = element.querySelector(".dl-saved");
  if (line) line.textContent = words;
}

function download(made) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([made.text], { type: "text/plain;charset=utf-8" }));
  link.download = made.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  say(`Saved as ${made.name}.`);
}

function copy(made) {
  if (!navigator.clipboard) return say("This browser doesn't let the page copy.");
  navigator.clipboard.writeText(made.text).then(
    () => say("Copied."),
    () => say("This browser didn't let the page copy."),
  );
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-format]");
  if (button) trigger("save", { format: button.dataset.format });
});

watch("value", () => {
  const made = element.querySelector(".dl-made");
  if (!made || made.dataset.serial === handed) return;
  handed = made.dataset.serial;
  if (made.dataset.name) download(made.dataset);
  else copy(made.dataset);
});
