// An upload shows how far it is, then that the server is at work; a long list of problems can be kept as a file.
(() => {
  function state(form) {
    const box = form.querySelector("[data-upload-state]");
    return { box, bar: box.querySelector("progress"), words: box.querySelector("span") };
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target;
    if (!form.matches("form[data-upload]")) return;
    const { box, bar, words } = state(form);
    box.hidden = false;
    bar.value = 0;
    words.textContent = "sending";
    form.querySelector("button[type=submit]").disabled = true;
  });

  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = event.target;
    if (!form.matches("form[data-upload]") || !event.detail.lengthComputable) return;
    const { bar, words } = state(form);
    const share = event.detail.total ? event.detail.loaded / event.detail.total : 1;
    if (share < 1) {
      bar.value = 100 * share;
      words.textContent = `sending, ${Math.floor(100 * share)} %`;
    } else {
      bar.removeAttribute("value");
      words.textContent = "checking and storing";
    }
  });

  // The answer brings a fresh form; when there is none, this one is used again.
  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => {
      const form = event.target;
      if (!form.matches("form[data-upload]")) return;
      state(form).box.hidden = true;
      form.querySelector("button[type=submit]").disabled = false;
    });
  }

  document.addEventListener("htmx:afterSettle", () => {
    const reports = [...document.querySelectorAll("#upload-reports article")];
    if (reports.length) {
      reports[0].scrollIntoView({ block: "nearest" });
      const refused = reports.filter((report) => report.dataset.colour === "bad").length;
      document.getElementById("announcer").textContent = `${reports.length - refused} stored, ${refused} refused`;
    }
    offerDownloads();
  });

  function offerDownloads() {
    for (const button of document.querySelectorAll("[data-download][hidden]")) button.hidden = false;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-download]");
    if (!button) return;
    const text = document.getElementById(button.dataset.download).textContent;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text + "\n"], { type: "text/plain" }));
    link.download = button.dataset.fileName;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  offerDownloads();
})();
