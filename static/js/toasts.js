// Messages at the corner: good news leaves by itself, trouble stays until it is dismissed.
(() => {
  const list = document.getElementById("toasts");

  function keep(toast) {
    toast.querySelector("button").addEventListener("click", () => toast.remove());
    if (toast.classList.contains("toast-success") || toast.classList.contains("toast-info")) {
      let left = setTimeout(() => toast.remove(), 6000);
      toast.addEventListener("mouseenter", () => clearTimeout(left));
      toast.addEventListener("mouseleave", () => (left = setTimeout(() => toast.remove(), 2000)));
    }
  }

  function show(text, level = "info") {
    const toast = document.createElement("li");
    toast.className = `toast toast-${level}`;
    const words = document.createElement("p");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.setAttribute("aria-label", "Dismiss");
    close.textContent = "✕";
    toast.append(words, close);
    list.append(toast);
    keep(toast);
  }

  for (const toast of list.children) keep(toast);
  document.addEventListener("toast", (event) => show(event.detail.text, event.detail.level));
  document.addEventListener("htmx:responseError", (event) => {
    const gone = event.detail.xhr.status === 403 || event.detail.xhr.status === 404;
    show(gone ? "That is not available to you any more. Reload the page." : "The server could not do that. Try again.", "error");
  });
  document.addEventListener("htmx:sendError", () => show("The server cannot be reached. Check the connection.", "error"));
})();
