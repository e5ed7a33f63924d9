// Plays all videos of a page on one timeline: they start, stop, jump and step together.
//
// Time is in seconds from the beginning, the same for all, whatever their frame rates and lengths. A video that is
// shorter than the others rests on its last frame. Only those near the viewport are loaded and played; the others join
// when they come near.

import { isTaken, letSwitch } from "./keys.js";

const DEFAULT_FPS = 16;
const JUMP = 0.25; // seconds off the timeline from which on a video jumps; less is caught up with by speed
const NEAR = "400px";

const player = document.querySelector("[data-player]");
const films = [...document.querySelectorAll("[data-video]")].map((video) => ({ video, isNear: false }));
if (player && films.length > 0) {
  begin();
}

function begin() {
  const part = (name) => player.querySelector(`[data-${name}]`);
  const [play, position, time, speed] = ["play", "position", "time", "speed"].map(part);
  let now = 0;
  let isPlaying = false;
  let isTouched = false; // until then, each video shows its poster: the last frame
  let ticked = 0;

  const isShown = ({ video }) => !video.closest("[hidden]") && !video.error;
  const isReady = ({ video }) => video.readyState >= HTMLMediaElement.HAVE_METADATA && Number.isFinite(video.duration);
  const lengthOf = ({ video }) => (Number.isFinite(video.duration) ? video.duration : Number(video.dataset.duration) || 0);
  const fpsOf = ({ video }) => Number(video.dataset.fps) || 0;
  const shown = () => films.filter(isShown);
  const active = () => films.filter((film) => film.isNear && isShown(film) && isReady(film));
  const fps = () => Math.max(0, ...shown().map(fpsOf)) || DEFAULT_FPS;
  // The middle of a frame's time is safely inside the frame, whatever the rounding.
  const lastFrame = (film) => Math.max(lengthOf(film) - 0.5 / (fpsOf(film) || fps()), 0);
  const end = () => Math.max(0, ...shown().map(lastFrame));

  function show() {
    const last = end();
    const [frame, frames] = [now, last].map((seconds) => Math.floor(seconds * fps() + 1e-6) + 1);
    position.max = last;
    position.value = now;
    position.setAttribute("aria-valuetext", `${now.toFixed(2)} seconds, frame ${frame} of ${frames}`);
    time.textContent = `${now.toFixed(2)} s · frame ${frame} of ${frames}`;
    play.setAttribute("aria-label", isPlaying ? "Pause all" : "Play all");
    player.toggleAttribute("data-playing", isPlaying);
  }

  /** Put a video where the timeline is. */
  function place(film) {
    const { video } = film;
    const wanted = Math.min(now, lastFrame(film));
    const plays = isPlaying && now < lastFrame(film);
    const wasPlaying = !video.paused;
    if (!plays) {
      video.pause();
    }
    // One that has just been paused may still move on a little.
    if (video.currentTime !== wanted || (wasPlaying && !plays)) {
      video.currentTime = wanted;
    }
    video.playbackRate = Number(speed.value);
    if (plays) {
      video.play().catch(() => video.pause());
    }
  }

  function seek(seconds) {
    isTouched = true;
    now = Math.min(Math.max(seconds, 0), end());
    active().forEach(place);
    show();
  }

  function pause() {
    isPlaying = false;
    seek((Math.floor(now * fps() + 1e-6) + 0.5) / fps());
  }

  function start() {
    isPlaying = true;
    ticked = performance.now();
    seek(now >= end() ? 0 : now);
    requestAnimationFrame(tick);
  }

  function tick(at) {
    if (!isPlaying) {
      return;
    }
    advance(Math.max(at - ticked, 0) / 1000);
    ticked = at;
    if (now >= end()) {
      pause();
      return;
    }
    show();
    requestAnimationFrame(tick);
  }

  /** Move the timeline on: by the longest video that runs, or by the clock where none does. */
  function advance(seconds) {
    const running = active().filter((film) => now < lastFrame(film));
    const leader = running.reduce((one, other) => (one && lastFrame(one) >= lastFrame(other) ? one : other), null);
    if (!leader) {
      const isLoading = films.some((film) => film.isNear && isShown(film) && !isReady(film));
      now += isLoading ? 0 : seconds * Number(speed.value);
      return;
    }
    if (leader.video.seeking) {
      return;
    }
    if (leader.video.paused && !leader.video.ended) {
      place(leader);
    }
    now = leader.video.ended ? end() : Math.max(leader.video.currentTime, now);
    for (const film of active()) {
      if (film !== leader) {
        follow(film);
      }
    }
  }

  function follow(film) {
    const { video } = film;
    if (now >= lastFrame(film) || video.paused || video.seeking) {
      if (!video.paused && now >= lastFrame(film)) {
        place(film);
      } else if (video.paused && now < lastFrame(film)) {
        place(film);
      }
      return;
    }
    const ahead = video.currentTime - now;
    if (Math.abs(ahead) > JUMP) {
      video.currentTime = now;
    }
    video.playbackRate = Number(speed.value) * Math.min(Math.max(1 - ahead, 0.8), 1.2);
  }

  function step(frames) {
    isPlaying = false;
    seek((Math.floor(now * fps() + 1e-6) + frames + 0.5) / fps());
  }

  const toggle = () => (isPlaying ? pause() : start());
  const rest = (seconds) => {
    isPlaying = false;
    seek(seconds);
  };
  const toHome = () => rest(0);
  const toEnd = () => rest(end());

  function approach(film, isNear) {
    film.isNear = isNear;
    if (!isNear) {
      film.video.pause();
    } else if (film.video.preload === "none") {
      film.video.preload = "auto";
    } else if (isTouched && isReady(film)) {
      place(film);
    }
  }

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        approach(films.find(({ video }) => video === entry.target), entry.isIntersecting);
      }
      show();
    },
    { rootMargin: NEAR },
  );
  for (const film of films) {
    const { video } = film;
    video.controls = false; // they would cover a part of the puzzle
    video.addEventListener("loadedmetadata", () => {
      if (isTouched && film.isNear) {
        place(film);
      }
      show();
    });
    video.addEventListener("error", () => {
      video.closest("[data-card]").dataset.broken = "";
      show();
    });
    video.addEventListener("click", toggle);
    watcher.observe(video);
  }

  let isInView = false;
  new IntersectionObserver(([entry]) => (isInView = entry.isIntersecting)).observe(player.parentElement);
  const KEYS = {
    " ": toggle,
    ",": () => step(-1),
    ".": () => step(1),
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    Home: toHome,
    End: toEnd,
  };
  document.addEventListener("keydown", (event) => {
    // Home and End belong to the page until the videos are in use.
    const isOfPage = ["Home", "End"].includes(event.key) && !isTouched;
    if (isInView && !isOfPage && Object.hasOwn(KEYS, event.key) && !isTaken(event)) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });

  play.addEventListener("click", toggle);
  part("home").addEventListener("click", toHome);
  part("end").addEventListener("click", toEnd);
  part("back").addEventListener("click", () => step(-1));
  part("forward").addEventListener("click", () => step(1));
  position.addEventListener("input", () => rest(Number(position.value)));
  speed.addEventListener("change", () => active().forEach((film) => (film.video.playbackRate = Number(speed.value))));
  document.addEventListener("cards-changed", () => seek(now));
  letSwitch(part("keys"));
  show();
  player.hidden = false;
}

for (const button of document.querySelectorAll("[data-enlarge]")) {
  button.addEventListener("click", () => {
    const isLarge = button.closest("[data-card]").toggleAttribute("data-large");
    button.setAttribute("aria-pressed", String(isLarge));
  });
}

for (const strip of document.querySelectorAll("[data-strips]")) {
  const image = strip.querySelector(".strip img");
  const settle = () => {
    strip.hidden = image.naturalWidth === 0; // one that cannot be made leaves no hole
    image.parentElement.scrollLeft = image.parentElement.scrollWidth; // the last frame stands beside the expected one
  };
  image.addEventListener("load", settle);
  image.addEventListener("error", settle);
  if (image.complete && image.currentSrc) {
    settle();
  }
}
