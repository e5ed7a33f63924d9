// Remembers in this browser who scores.

const KEY = "vmevalkit-rater";
const form = document.querySelector("[data-who]");
if (form) {
  const field = form.querySelector("[name=rater]");
  try {
    field.value ||= localStorage.getItem(KEY) ?? "";
    form.addEventListener("submit", () => localStorage.setItem(KEY, field.value.trim()));
  } catch {
    // Storage is switched off: the name is typed each time.
  }
}
