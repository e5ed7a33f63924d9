// Browsers draw a video's controls over its lower edge for as long as it is paused, which hides part of the puzzle.
// Where there is a pointer that can hover, the controls show only while the video is pointed at or has the focus.

if (window.matchMedia("(hover: hover)").matches) {
  document.querySelectorAll("video[controls]").forEach(hideUntilNeeded);
}

function hideUntilNeeded(video) {
  let pointed = false;
  const update = () => {
    video.controls = pointed || document.activeElement === video;
  };
  video.tabIndex = 0;
  video.addEventListener("pointerenter", () => {
    pointed = true;
    update();
  });
  video.addEventListener("pointerleave", () => {
    pointed = false;
    update();
  });
  video.addEventListener("focus", update);
  video.addEventListener("blur", () => setTimeout(update));
  update();
}
