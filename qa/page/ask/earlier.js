// Remembers who reads, for this browser, and which conversation is shown, for this tab alone.
const READER = "dateline-reader";
const CONVERSATION = "dateline-conversation";
const SURE = "Delete for good";
let unfolded = false;

function recall(storage, name) {
  try {
    return window[storage].getItem(name) || "";
  } catch {
    return ""; // a browser that lets pages keep nothing
  }
}

function remember(storage, name, value) {
  try {
    window[storage].setItem(name, value);
  } catch {
    return; // as above: the conversation ends with the page
  }
}

function take() {
  const book = element.querySelector(".dl-book");
  if (book.dataset.reader) remember("localStorage", READER, book.dataset.reader);
  if (book.dataset.conversation) {
    remember("sessionStorage", CONVERSATION, book.dataset.conversation);
  }
  const list = element.querySelector(".dl-earlier");
  if (list) list.open = unfolded;
}

element.addEventListener("click", (event) => {
  if (event.target.closest(".dl-earlier summary")) unfolded = !unfolded;
  const button = event.target.closest("button");
  if (!button) return;
  const data = { conversation: button.dataset.name };
  if (button.classList.contains("dl-open")) trigger("open", data);
  else if (button.textContent === SURE) trigger("delete", data);
  else {
    button.dataset.label = button.getAttribute("aria-label");
    button.removeAttribute("aria-label");
    button.textContent = SURE;
  }
});

element.addEventListener("focusout", (event) => {
  const button = event.target;
  if (button.textContent !== SURE) return;
  button.setAttribute("aria-label", button.dataset.label);
  button.textContent = "Delete";
});

watch("value", take);
trigger("enter", {
  reader: recall("localStorage", READER),
  conversation: recall("sessionStorage", CONVERSATION),
});
