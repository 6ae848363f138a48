// How passages are set: size, letters, line length. Kept in the browser, applied before the first paint.
(() => {
  const names = ["reading-size", "reading-face", "reading-measure"];
  const root = document.documentElement;

  function stored(name) {
    try {
      return localStorage.getItem(`assay.${name}`) ?? "";
    } catch {
      return "";
    }
  }

  for (const name of names) root.setAttribute(`data-${name}`, stored(name));

  document.addEventListener("DOMContentLoaded", () => {
    for (const name of names) {
      for (const input of document.getElementsByName(name)) {
        input.checked = input.value === stored(name);
        input.addEventListener("change", () => {
          root.setAttribute(`data-${name}`, input.value);
          try {
            localStorage.setItem(`assay.${name}`, input.value);
          } catch {
            // it holds for this page
          }
        });
      }
    }
  });
})();
