// Keeps what is marked with data-live up to date: the page is asked for again, and what has changed is put in place.
// Often while runs are going on, seldom otherwise, never while nobody looks.

const OFTEN = 3_000; // milliseconds
const SELDOM = 30_000;
let timer;

function schedule() {
  clearTimeout(timer);
  if (!document.hidden) {
    timer = setTimeout(refresh, document.querySelector("[data-running]") ? OFTEN : SELDOM);
  }
}

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok) {
      replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    }
  } catch {
    // The server is away; it is asked again later.
  }
  schedule();
}

function replace(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(old.id);
    // What somebody is using by keyboard stays as it is until they are done.
    if (!now || old.innerHTML === now.innerHTML || old.contains(document.activeElement)) {
      continue;
    }
    const left = old.scrollLeft;
    old.replaceChildren(...now.childNodes);
    old.scrollLeft = left;
    old.toggleAttribute("data-running", now.hasAttribute("data-running"));
  }
}

document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
schedule();
