// Plays all videos of a page on one timeline: they start, stop, jump and step together.
// A video that is shorter than the others rests on its last frame; one that cannot be loaded is left out.

const DEFAULT_FPS = 16;
const ALLOWED_DRIFT = 0.08; // seconds

const bar = document.querySelector("[data-sync]");
const videos = [...document.querySelectorAll("[data-sync-video]")];
if (bar && videos.length > 0) {
  begin();
}

function begin() {
  const control = (name) => bar.querySelector(`[data-sync-${name}]`);
  const [play, position, time] = [control("play"), control("position"), control("time")];
  let now = 0; // seconds on the common timeline
  let playing = false;

  const usable = () => videos.filter((video) => !video.error && Number.isFinite(video.duration));
  const longest = () => usable().reduce((a, b) => (a && a.duration >= b.duration ? a : b), null);
  const fps = () => Math.max(...videos.map((video) => Number(video.dataset.fps) || 0)) || DEFAULT_FPS;
  // The middle of a frame's time is safely inside the frame, whatever the rounding.
  const lastFrame = (video) => Math.max(video.duration - 0.5 / fps(), 0);
  const end = () => (longest() ? lastFrame(longest()) : 0);

  function show() {
    position.max = end();
    position.value = now;
    position.setAttribute("aria-valuetext", `${now.toFixed(2)} seconds`);
    time.textContent = `${now.toFixed(2)} s of ${end().toFixed(2)} s`;
    play.textContent = playing ? "Pause all" : "Play all";
  }

  function seek(seconds) {
    now = Math.min(Math.max(seconds, 0), end());
    for (const video of usable()) {
      video.currentTime = Math.min(now, lastFrame(video));
    }
    show();
  }

  function pause() {
    playing = false;
    usable().forEach((video) => video.pause());
    seek(now);
  }

  function start() {
    if (now >= end()) {
      seek(0);
    }
    playing = true;
    for (const video of usable()) {
      if (now < lastFrame(video)) {
        video.play().catch(() => video.pause());
      }
    }
    requestAnimationFrame(tick);
    show();
  }

  function tick() {
    const leader = longest();
    if (!playing || !leader) {
      return;
    }
    now = leader.currentTime;
    if (leader.ended || leader.paused) {
      now = leader.ended ? end() : now;
      pause();
      return;
    }
    for (const video of usable()) {
      if (!video.paused && Math.abs(video.currentTime - now) > ALLOWED_DRIFT && now < lastFrame(video)) {
        video.currentTime = now;
      }
    }
    show();
    requestAnimationFrame(tick);
  }

  const step = (frames) => {
    pause();
    const frame = Math.floor(now * fps() + 1e-6) + frames;
    seek((frame + 0.5) / fps());
  };

  play.addEventListener("click", () => (playing ? pause() : start()));
  control("restart").addEventListener("click", () => {
    seek(0);
    start();
  });
  control("back").addEventListener("click", () => step(-1));
  control("forward").addEventListener("click", () => step(1));
  control("end").addEventListener("click", () => {
    pause();
    seek(end());
  });
  position.addEventListener("input", () => {
    const wanted = Number(position.value);
    pause();
    seek(wanted);
  });
  videos.forEach((video) => video.addEventListener("loadedmetadata", show));
  show();
  bar.hidden = false;
}
