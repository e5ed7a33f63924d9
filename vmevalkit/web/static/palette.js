// Search from anywhere: Ctrl-K (or Cmd-K) opens a field, the hits appear as one types, Enter goes to the chosen one.
// The dialog is the browser's own: it keeps the focus inside and gives it back to where it was.

const WAIT = 120; // milliseconds without a key before the server is asked
const MOST = 12;
const KINDS = { experiment: "Experiment", model: "Model", domain: "Domain", question: "Question" };

const dialog = document.getElementById("palette");
const field = dialog.querySelector("input");
const list = dialog.querySelector("ul");
const note = dialog.querySelector(".palette-note");
let chosen = -1;
let timer;
let asked = 0;

function open() {
  if (!dialog.open) {
    field.value = "";
    show([], "");
    dialog.showModal();
    field.focus();
  }
}

function show(hits, text) {
  list.replaceChildren(...hits.map(option));
  field.setAttribute("aria-expanded", String(hits.length > 0));
  note.textContent = text ? hits.length === 0 ? "Nothing found" : `${hits.length} shown. Enter opens one, Esc closes.`
    : "Type a question’s id, a name, or words of a prompt.";
  choose(hits.length > 0 ? 0 : -1);
}

function option(hit, number) {
  const item = document.createElement("li");
  item.id = `palette-hit-${number}`;
  item.role = "option";
  item.dataset.url = hit.url;
  const name = document.createElement("span");
  name.textContent = hit.name;
  const kind = document.createElement("span");
  kind.textContent = KINDS[hit.kind] ?? hit.kind;
  kind.className = "muted small";
  item.append(name, kind);
  if (hit.detail) {
    const detail = document.createElement("small");
    detail.textContent = hit.detail;
    item.append(detail);
  }
  item.addEventListener("click", () => go(item));
  return item;
}

function choose(number) {
  chosen = number;
  [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === number)));
  const item = list.children[number];
  if (item) {
    field.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  } else {
    field.removeAttribute("aria-activedescendant");
  }
}

function go(item) {
  location.assign(item.dataset.url);
}

async function ask() {
  const text = field.value.trim();
  const number = ++asked;
  if (!text) {
    show([], "");
    return;
  }
  try {
    const query = new URLSearchParams({ q: text, limit: MOST });
    const answer = await fetch(`${dialog.dataset.api}?${query}`);
    const hits = answer.ok ? (await answer.json()).hits : [];
    if (number === asked) {
      show(hits, text); // unless something else has been typed meanwhile
    }
  } catch {
    note.textContent = "The server does not answer.";
  }
}

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT);
});

field.addEventListener("keydown", (event) => {
  const last = list.children.length - 1;
  const places = {
    ArrowDown: chosen < last ? chosen + 1 : 0,
    ArrowUp: chosen > 0 ? chosen - 1 : last,
  };
  if (event.key in places && last >= 0) {
    event.preventDefault();
    choose(places[event.key]);
  } else if (event.key === "Enter" && list.children[chosen]) {
    event.preventDefault();
    go(list.children[chosen]);
  }
});

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) {
    dialog.close();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    if (dialog.open) {
      dialog.close();
    } else {
      open();
    }
  }
});

for (const opener of document.querySelectorAll("[data-palette-open]")) {
  opener.addEventListener("click", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open();
    }
  });
}
