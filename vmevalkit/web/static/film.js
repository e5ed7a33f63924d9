// One video that loops, with buttons for its frames.

const DEFAULT_FPS = 16;

/**
 * Run the film of a page.
 * @param {HTMLElement} place - holds the element with the video and the buttons
 * @returns an object with `show(video)` and the actions that keys can do
 */
export function film(place) {
  const part = (name) => place.querySelector(`[data-${name}]`);
  const [screen, play, position, time] = ["screen", "play", "position", "time"].map(part);
  const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let video = screen.querySelector("video");

  const isReady = () => Number.isFinite(video?.duration);
  const fps = () => Number(video.dataset.fps) || DEFAULT_FPS;
  const last = () => Math.max(video.duration - 0.5 / fps(), 0);

  function update() {
    const isPaused = !video || video.paused;
    play.setAttribute("aria-label", isPaused ? "Play" : "Pause");
    play.toggleAttribute("data-playing", !isPaused);
    if (isReady()) {
      position.max = last();
      position.value = video.currentTime;
      const frame = Math.floor(video.currentTime * fps() + 1e-6) + 1;
      const text = `${Math.min(video.currentTime, last()).toFixed(2)} s, frame ${frame}`;
      time.textContent = text;
      position.setAttribute("aria-valuetext", text);
    }
  }

  function follow() {
    update();
    if (video && !video.paused) {
      requestAnimationFrame(follow);
    }
  }

  function start() {
    video?.play().catch(() => update()); // a browser may want a press first
  }

  function adopt(film) {
    video = film;
    video.controls = false; // they would cover a part of the puzzle
    video.addEventListener("play", follow);
    for (const name of ["pause", "seeked", "loadedmetadata"]) {
      video.addEventListener(name, update);
    }
    video.addEventListener("click", toggle);
    if (isCalm.matches) {
      video.pause();
    } else {
      start();
    }
    follow();
  }

  function toggle() {
    if (video?.paused) {
      start();
    } else {
      video?.pause();
    }
  }

  function seek(seconds) {
    if (isReady()) {
      video.pause();
      video.currentTime = Math.min(Math.max(seconds, 0), last());
    }
  }

  // The middle of a frame's time is safely inside the frame, whatever the rounding.
  const step = (frames) => isReady() && seek((Math.floor(video.currentTime * fps() + 1e-6) + frames + 0.5) / fps());

  part("play").addEventListener("click", toggle);
  part("back").addEventListener("click", () => step(-1));
  part("forward").addEventListener("click", () => step(1));
  position.addEventListener("input", () => seek(Number(position.value)));
  if (video) {
    adopt(video);
  }

  return {
    toggle,
    step,
    toStart: () => seek(0),
    toEnd: () => isReady() && seek(last()),
    show(next) {
      video?.pause();
      screen.replaceChildren(next);
      adopt(next);
    },
    stop: () => video?.pause(),
  };
}

/** Make the video of an item, which loads at once. */
export function videoOf(item) {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, loop: true, playsInline: true, preload: "auto", src: item.video_url });
  video.setAttribute("aria-label", "The video to score");
  if (item.video) {
    video.width = item.video.width;
    video.height = item.video.height;
    video.dataset.fps = item.video.fps;
  }
  return video;
}
