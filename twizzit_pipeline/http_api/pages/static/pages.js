// What is better with scripts, and works without them.

// A button that prints the page; it is shown only where scripts run.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Boxes of a form that are ticked outlast the reload at the end of a sync. Another plan has another form; the tab's end forgets them.
for (const form of document.querySelectorAll("form[data-keep]")) {
  const boxes = [...form.elements].filter((one) => one.type === "checkbox");
  const kept = JSON.parse(sessionStorage.getItem(form.action) ?? "[]");
  for (const box of boxes) {
    if (kept.includes(box.value)) {
      box.checked = true;
      box.closest("details").open = true;
    }
    box.addEventListener("change", () => {
      const ticked = boxes.filter((one) => one.checked).map((one) => one.value);
      sessionStorage.setItem(form.action, JSON.stringify(ticked));
    });
  }
}
