// Which presses of a key are meant for the page, and which for what has the focus.

const STORED = "vmevalkit-keys";

/** Tell whether single keys do something: people whose voice types switch them off. */
export function keysAreOn() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true; // storage is switched off
  }
}

/** Let a checkbox switch the single keys on and off. */
export function letSwitch(checkbox) {
  checkbox.checked = keysAreOn();
  checkbox.addEventListener("change", () => {
    try {
      localStorage.setItem(STORED, checkbox.checked ? "on" : "off");
    } catch {
      checkbox.checked = true;
    }
  });
}

/** Tell whether the focus is where one writes or chooses. */
export function isWriting(target) {
  const isOfForm = target.closest?.("textarea, select, input, [contenteditable]");
  return Boolean(isOfForm) && !["checkbox", "radio", "range"].includes(target.type);
}

/** Tell whether a press belongs to what has the focus, the browser, or a dialog. */
export function isTaken(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !keysAreOn()) {
    return true;
  }
  if (isWriting(event.target) || document.querySelector("dialog[open]")) {
    return true;
  }
  const presses = event.key === " " || event.key === "Enter";
  return presses && Boolean(event.target.closest?.("a, button, summary, input, label"));
}
