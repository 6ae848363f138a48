// "all" and "none" above a group of tick boxes, and how many are ticked.
(() => {
  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button button-quiet button-small";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  }

  for (const group of document.querySelectorAll("[data-tick-group]")) {
    const boxes = [...group.querySelectorAll("input[type=checkbox]")];
    if (boxes.length < 2) continue;
    const count = document.createElement("span");
    count.className = "muted small num";
    count.setAttribute("role", "status");
    const show = () => (count.textContent = `${boxes.filter((box) => box.checked).length} of ${boxes.length}`);
    const set = (checked) => () => {
      for (const box of boxes) box.checked = checked;
      show();
      group.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const bar = document.createElement("div");
    bar.className = "row tick-bar";
    bar.append(count, button("all", set(true)), button("none", set(false)));
    group.querySelector(".ticks").before(bar);
    group.addEventListener("change", show);
    show();
  }
})();
