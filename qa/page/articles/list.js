// What is pressed in the list: a column to order by, an article to read, more rows.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.column) trigger("arrange", { column: button.dataset.column });
  else if (button.dataset.id) trigger("read", { id: button.dataset.id });
  else trigger("more");
});
