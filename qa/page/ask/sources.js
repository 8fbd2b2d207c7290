// A citation [1] in an answer shows its quote: the card's words and the article's marks.
let chosen = null; // "turn-number" of the citation that is shown

function each(key, selector) {
  const found = element.querySelectorAll(selector);
  return [...found].filter((node) => (node.dataset.cite || "").split(" ").includes(key));
}

function show_group(turn) {
  for (const group of element.querySelectorAll(".dl-group")) {
    group.hidden = group.dataset.turn !== turn;
  }
}

function light(key) {
  for (const old of element.querySelectorAll(".dl-lit")) old.classList.remove("dl-lit");
  for (const node of [...each(key, ".dl-quote"), ...each(key, "mark")]) {
    node.classList.add("dl-lit");
  }
  const mark = each(key, "mark")[0];
  const details = mark && mark.closest("details");
  if (!details) return;
  details.open = true;
  const body = mark.closest(".dl-body");
  const above = mark.getBoundingClientRect().top - body.getBoundingClientRect().top;
  body.scrollTop += above - body.clientHeight / 3;
}

function show(key) {
  chosen = key;
  show_group(key.split("-")[0]);
  light(key);
  const quote = each(key, ".dl-quote")[0];
  if (!quote) return;
  quote.focus({ preventScroll: true });
  quote.closest(".dl-card").scrollIntoView({ block: "start" });
  quote.scrollIntoView({ block: "nearest" });
}

function go_back(link) {
  const turn = document.querySelector(link.getAttribute("href"));
  if (turn) turn.scrollIntoView({ block: "start" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.dl-cite, .dl-back a");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (link.dataset.cite) show(link.dataset.cite);
  else go_back(link);
});

watch("value", () => {
  // The page was drawn anew from the server's state, which knows nothing of what was clicked.
  const groups = element.querySelectorAll(".dl-group");
  const latest = groups.length ? groups[groups.length - 1].dataset.turn : null;
  if (chosen && chosen.split("-")[0] === latest) light(chosen);
  else chosen = null;
});
