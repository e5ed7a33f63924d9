// Light or dark. Not a module, and in the head: it runs before the first paint, so that nothing flashes.
// Without a choice, the page follows the system.

(() => {
  const KEY = "vmevalkit-theme";
  const NEXT = { system: "light", light: "dark", dark: "system" };
  const NAMES = { system: "as the system", light: "light", dark: "dark" };
  const root = document.documentElement;

  const stored = () => {
    try {
      const theme = localStorage.getItem(KEY);
      return theme in NEXT ? theme : "system";
    } catch {
      return "system"; // storage is switched off
    }
  };

  const keep = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // it holds for this page then
    }
  };

  const apply = (theme) => {
    if (theme === "system") {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = theme;
    }
  };

  root.classList.add("scripted");
  apply(stored());

  document.addEventListener("DOMContentLoaded", () => {
    const toggle = document.querySelector("[data-theme-toggle]");
    let theme = stored();
    const name = () => {
      const words = `Theme: ${NAMES[theme]}`;
      toggle.querySelector("[data-theme-name]").textContent = words;
      toggle.title = words;
    };
    toggle.addEventListener("click", () => {
      theme = NEXT[theme];
      keep(theme);
      apply(theme);
      name();
    });
    name();
  });
})();
