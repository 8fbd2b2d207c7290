// A new question is brought to the top once; what is written below it then doesn't move it.
let turns = 0;
const unfolded = new Set(); // turns whose time and tokens are shown

function keep_focus() {
  // A button that is switched off loses the focus, and with it the keyboard's place.
  const lost = document.activeElement === document.body;
  const box = document.querySelector("#dl-question textarea");
  if (lost && box && matchMedia("(pointer: fine)").matches) box.focus({ preventScroll: true });
}

watch("value", () => {
  const all = element.querySelectorAll(".dl-turn");
  if (all.length > turns) all[all.length - 1].scrollIntoView({ block: "start" });
  turns = all.length;
  for (const cost of element.querySelectorAll(".dl-cost")) {
    cost.open = unfolded.has(cost.closest(".dl-turn").dataset.turn);
  }
  setTimeout(keep_focus, 50);
});

element.addEventListener("click", (event) => {
  const cost = event.target.closest(".dl-cost summary");
  if (cost) {
    const { turn } = cost.closest(".dl-turn").dataset;
    if (!unfolded.delete(turn)) unfolded.add(turn);
  }
  const example = event.target.closest("button.dl-example");
  if (example) trigger("example", { question: example.textContent });
  const button = event.target.closest(".dl-turn button");
  if (!button) return;
  const turn = Number(button.closest(".dl-turn").dataset.turn);
  const remark = button.parentElement.querySelector("textarea");
  if (button.classList.contains("dl-copy")) trigger("copy", { turn });
  else if (button.classList.contains("dl-keep")) trigger("remark", { turn, text: remark.value });
  else if (button.classList.contains("dl-again")) trigger("again", { turn });
  else if (button.classList.contains("dl-edit")) {
    trigger("edit", { turn });
    document.querySelector("#dl-question textarea").focus();
  }
  else trigger("judge", { turn, verdict: button.dataset.verdict });
});
