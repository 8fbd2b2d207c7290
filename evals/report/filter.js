// Shows only the questions that the reader asks for. Without it, all are shown.
for (const chapter of document.querySelectorAll(".questions")) {
  const controls = chapter.querySelector(".filter");
  const state = chapter.querySelector("[name=state]");
  const kind = chapter.querySelector("[name=kind]");
  const words = chapter.querySelector("[name=words]");
  const count = chapter.querySelector(".count");
  const cards = [...chapter.querySelectorAll(".question")];
  const wants = (card) =>
    (!state.value || card.dataset.state.split(" ").includes(state.value)) &&
    (!kind.value || card.dataset.kind === kind.value) &&
    card.textContent.toLowerCase().includes(words.value.trim().toLowerCase());
  const apply = () => {
    for (const card of cards) card.hidden = !wants(card);
    const shown = cards.filter((card) => !card.hidden).length;
    count.textContent = `${shown} of ${cards.length} questions shown`;
  };
  controls.addEventListener("input", apply);
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.hidden = false;
  apply();
}
