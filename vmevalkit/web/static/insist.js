// Requests that are made again, in sight of everybody, until there is an answer.

const PATIENCE = 20_000; // milliseconds
const LONGEST_WAIT = 30; // seconds
const SOON = [408, 429]; // refusals that may be another answer a moment later

/** What the server says no to, or why it cannot be reached. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }

  /** Whether the same request would be refused again. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && !SOON.includes(this.status);
  }
}

/** Ask for something and return the JSON of the answer; a `Refusal` says why there is none. */
export async function request(method, path, query = {}, body = undefined) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const address = given.length ? `${path}?${new URLSearchParams(given)}` : path;
  const headers = body ? { "Content-Type": "application/json" } : {};
  let answer;
  try {
    answer = await fetch(address, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new Refusal("the dashboard does not answer", 0);
  }
  const said = await answer.json().catch(() => null);
  if (!answer.ok || said === null) {
    const { message, hint } = said?.error ?? { message: `the dashboard answers ${answer.status}` };
    throw new Refusal([message, hint].filter(Boolean).join("; "), answer.status);
  }
  return said;
}

/**
 * Do something until it is done or refused for good. Meanwhile the page says what is the matter, and when it is tried
 * again; one can try at once, or leave it if that is allowed: then the result is null.
 */
export async function insist(page, what, attempt, mayLeave = false) {
  for (let wait = 1; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      const done = await attempt();
      page.querySelector("[data-trouble]").hidden = true;
      return done;
    } catch (problem) {
      const isFinal = !(problem instanceof Refusal) || problem.isFinal;
      if (isFinal || (await left(page, `${what} Reason: ${problem.message}.`, wait, mayLeave))) {
        page.querySelector("[data-trouble]").hidden = true;
        if (isFinal) {
          throw problem;
        }
        return null;
      }
    }
  }
}

/** Show what is the matter for some seconds; tell whether somebody has said to leave it. */
function left(page, text, seconds, mayLeave) {
  const part = (name) => page.querySelector(`[data-${name}]`);
  const [box, words, countdown, again, leave] = ["trouble", "trouble-text", "countdown", "again", "leave"].map(part);
  if (words.textContent !== text || box.hidden) {
    words.textContent = text; // said again only if it is something else: it is read aloud
  }
  leave.hidden = !mayLeave;
  box.hidden = false;
  return new Promise((resolve) => {
    const stop = new AbortController();
    const finish = (isLeft) => {
      clearInterval(timer);
      stop.abort();
      resolve(isLeft);
    };
    let rest = seconds;
    const count = () => (countdown.textContent = `Trying again in ${rest} s`);
    const timer = setInterval(() => {
      rest -= 1;
      if (rest <= 0) {
        countdown.textContent = "Trying …";
        finish(false);
      } else {
        count();
      }
    }, 1000);
    count();
    again.addEventListener("click", () => finish(false), { signal: stop.signal });
    leave.addEventListener("click", () => finish(true), { signal: stop.signal });
    window.addEventListener("online", () => finish(false), { signal: stop.signal });
  });
}
