// Scoring by keyboard, without a reload. What has been said is kept in this browser until the server has it.

import { film, videoOf } from "./film.js";
import { insist, Refusal, request } from "./insist.js";
import { isTaken, letSwitch } from "./keys.js";

const AHEAD = 2;
const AGREEMENT_EVERY = 5; // scores

const page = document.querySelector("[data-rating]");
if (page) {
  begin();
}

function begin() {
  const { api, experiment, rater } = page.dataset;
  const part = (name) => page.querySelector(`[data-${name}]`);
  const [say, flash, comment, form, skip] = ["say", "flash", "comment", "form", "skip"].map(part);
  const levels = JSON.parse(page.dataset.levels);
  const channel = new BroadcastChannel("vmevalkit-score");
  const pending = keeper(`vmevalkit-score ${experiment}`);
  const movie = film(page.querySelector(".film"));
  const early = new Map(); // item name -> what has been loaded for it
  let current = null;
  let last = null; // the item that this page has scored last
  let isBusy = false;
  let given = 0;

  const next = () => request("GET", `${api}/next`, { rater, ahead: AHEAD });

  function tell(text) {
    flash.textContent = text;
    flash.hidden = !text;
    say.textContent = text;
  }

  // Showing

  function showPart(name) {
    page.querySelectorAll("[data-of]").forEach((one) => (one.hidden = one.dataset.of !== name));
    page.dataset.state = name;
  }

  function showProgress({ done, skipped, remaining }) {
    const total = done + skipped + remaining;
    const skips = skipped ? `, ${skipped.toLocaleString("en")} skipped` : "";
    const text = `${done.toLocaleString("en")} scored${skips}, ${remaining.toLocaleString("en")} to go`;
    part("progress").textContent = text;
    part("progress-bar").setAttribute("width", `${total ? ((done + skipped) / total) * 100 : 100}%`);
    part("undo").disabled = done + skipped === 0;
    return text;
  }

  function showStill(name, address) {
    const figure = part(name);
    figure.hidden = !address;
    if (address) {
      figure.querySelector("img").src = address;
    }
  }

  function showItem(item, said = null) {
    const isNew = item.item !== page.dataset.item;
    current = item;
    page.dataset.item = item.item;
    part("item-field").value = item.item;
    part("about").textContent = [item.domain, item.difficulty, item.model].filter(Boolean).join(" · ");
    part("prompt").textContent = item.prompt;
    showStill("first", item.first_frame_url);
    showStill("final", item.final_frame_url);
    const meanings = levels[item.domain] ?? levels[""];
    page.querySelectorAll("[data-meaning]").forEach((one) => (one.textContent = meanings[one.dataset.meaning - 1]));
    if (isNew) {
      movie.show(early.get(item.item)?.video ?? videoOf(item));
      comment.value = "";
      skip.open = false;
      if (part("screen").getBoundingClientRect().top < 0) {
        window.scrollTo({ top: 0 });
      }
    }
    if (said) {
      comment.value = said.comment;
    }
    mark(said?.score ?? null);
    showPart("item");
  }

  function mark(score) {
    form.querySelectorAll("[name=score]").forEach((button) => {
      button.toggleAttribute("data-chosen", Number(button.value) === score);
    });
  }

  function load(items) {
    const names = items.map((item) => item.item);
    for (const name of early.keys()) {
      if (!names.includes(name)) {
        early.delete(name);
      }
    }
    for (const item of items.filter((item) => !early.has(item.item))) {
      const images = [item.first_frame_url, item.final_frame_url].filter(Boolean).map((address) => {
        const image = new Image();
        image.src = address;
        return image;
      });
      early.set(item.item, { video: videoOf(item), images });
    }
  }

  /** Ask what is next, until there is an answer, and show it. */
  async function goOn(words = "") {
    const turn = await insist(page, "The next video does not come.", next);
    const progress = showProgress(turn.progress);
    if (turn.item) {
      showItem(turn.item);
      load(turn.ahead);
      tell([words, words && `Next: ${turn.item.domain}, ${progress}.`].filter(Boolean).join(" "));
      return;
    }
    current = null;
    page.dataset.item = "";
    movie.stop();
    const state = turn.retry_after === null ? "done" : "wait";
    showPart(state);
    page.querySelector(`[data-of="${state}"] h2`).focus();
    tell(words);
    if (state === "wait") {
      part("wait").textContent = ` in about ${Math.ceil(turn.retry_after)} seconds`;
      setTimeout(() => page.dataset.state === "wait" && exclusively(goOn), turn.retry_after * 1000);
    }
  }

  // Saying

  /** Do one thing at a time: what is pressed meanwhile is not meant for what comes next. */
  async function exclusively(action) {
    if (isBusy) {
      return;
    }
    isBusy = true;
    page.setAttribute("aria-busy", "true");
    try {
      await action();
    } catch (problem) {
      if (!(problem instanceof Refusal)) {
        throw problem;
      }
      tell(problem.message);
    } finally {
      isBusy = false;
      page.removeAttribute("aria-busy");
    }
  }

  /** Save a word, until the server has it or refuses it, and go on. */
  async function save(word) {
    pending.put(word);
    let words;
    try {
      const send = () => request("POST", `${api}/scores`, {}, word);
      const saved = await insist(page, "Not saved yet; it is kept in this browser.", send, true);
      words = saved === null ? "Not saved." : report(saved);
      if (saved !== null) {
        last = word.item;
        given += 1;
        channel.postMessage({ experiment, rater, item: word.item });
      }
    } catch (problem) {
      if (!(problem instanceof Refusal)) {
        throw problem;
      }
      words = `Not saved: ${problem.message}.`;
    }
    pending.put(null);
    await goOn(words);
    if (given > 0 && given % AGREEMENT_EVERY === 0) {
      showAgreement();
    }
  }

  function report({ said, replaced }) {
    const what = said.score === null ? "Skipped." : `Saved: ${said.score}.`;
    return replaced ? `${what} It replaces what you had said about that video before.` : what;
  }

  function give(word) {
    if (!current || isBusy) {
      return;
    }
    mark(word.score ?? null);
    // Otherwise the space bar would press the same button for the next video, too.
    part("stage").focus({ preventScroll: true });
    exclusively(() => save({ rater, item: current.item, ...word }));
  }

  const score = (number) => give({ score: number, comment: comment.value.trim() });
  const pass = (reason) => give({ skip: true, comment: [reason, comment.value.trim()].filter(Boolean).join(": ") });

  async function undo() {
    const query = { rater, item: last ?? undefined };
    try {
      const taken = await insist(page, "Not taken back yet.", () => request("DELETE", `${api}/scores/last`, query), true);
      if (taken === null) {
        return;
      }
      last = null;
      showProgress(taken.progress);
      showItem(taken.item, taken.said);
      const was = taken.said.score === null ? "you had skipped it" : `you had given it ${taken.said.score}`;
      tell(`Taken back: here is that video again; ${was}.`);
      part("stage").focus({ preventScroll: true });
    } catch (problem) {
      if (!(problem instanceof Refusal)) {
        throw problem;
      }
      last = null;
      await goOn(problem.status === 404 ? "There is nothing to take back." : `${problem.message}.`);
    }
  }

  async function showAgreement() {
    try {
      const { alpha } = await request("GET", `${api}/agreement`);
      const isEnough = alpha.value !== null && alpha.items >= Number(page.dataset.enough);
      part("agreement").hidden = !isEnough;
      part("agreement").textContent = isEnough ? `Agreement so far: α = ${alpha.value.toFixed(2)} on ${alpha.items} videos` : "";
    } catch (problem) {
      if (!(problem instanceof Refusal)) {
        throw problem; // what is only missing decoration is not worth a word
      }
    }
  }

  // Hands

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { name, value } = event.submitter ?? {};
    if (name === "score") {
      score(Number(value));
    } else if (name === "skip") {
      pass(value);
    }
  });
  part("undo-form").addEventListener("submit", (event) => {
    event.preventDefault();
    exclusively(undo);
  });
  comment.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      part("stage").focus({ preventScroll: true });
    }
  });

  const KEYS = {
    " ": movie.toggle,
    ",": () => movie.step(-1),
    ".": () => movie.step(1),
    ArrowLeft: () => movie.step(-1),
    ArrowRight: () => movie.step(1),
    Home: movie.toStart,
    End: movie.toEnd,
    u: () => exclusively(undo),
    c: () => comment.focus(),
    s: () => {
      skip.open = true;
      skip.querySelector("button").focus();
    },
  };
  for (const number of [1, 2, 3, 4, 5]) {
    KEYS[number] = () => score(number);
  }
  document.addEventListener("keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!event.repeat || key.startsWith("Arrow") || key === "," || key === ".") {
      if (Object.hasOwn(KEYS, key) && !isTaken(event)) {
        event.preventDefault();
        KEYS[key]();
      }
    }
  });

  channel.addEventListener("message", ({ data }) => {
    const isOurs = data.experiment === experiment && data.rater === rater && data.item === current?.item;
    if (isOurs) {
      exclusively(() => goOn("That video was scored in another tab."));
    }
  });

  letSwitch(part("keys"));
  const left = pending.get();
  exclusively(() => (left?.rater === rater ? save(left) : goOn(flash.textContent)));
  showAgreement();
}

/** Keep one value in this browser, also over a reload. */
function keeper(key) {
  return {
    get() {
      try {
        return JSON.parse(localStorage.getItem(key));
      } catch {
        return null; // storage is switched off, or holds something else
      }
    },
    put(value) {
      try {
        if (value === null) {
          localStorage.removeItem(key);
        } else {
          localStorage.setItem(key, JSON.stringify(value));
        }
      } catch {
        // Without storage it is kept as long as the page is open.
      }
    },
  };
}
