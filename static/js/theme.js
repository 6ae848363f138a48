// The chosen theme: system, light or dark. Loaded before the first paint, so that a page never flashes.
(() => {
  const root = document.documentElement;
  const choices = ["system", "light", "dark"];
  const stored = () => {
    try {
      return localStorage.getItem("assay.theme");
    } catch {
      return null; // storage can be forbidden; the system's setting then stands
    }
  };
  let theme = choices.includes(stored()) ? stored() : "system";

  function apply() {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.setAttribute("aria-label", `Theme: ${theme}`);
      button.title = `Theme: ${theme}`;
      button.hidden = false;
    }
  }

  apply();
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    theme = choices[(choices.indexOf(theme) + 1) % choices.length];
    try {
      localStorage.setItem("assay.theme", theme);
    } catch {
      // it holds for this page
    }
    apply();
    document.dispatchEvent(new CustomEvent("themechange", { detail: theme }));
  });
})();
