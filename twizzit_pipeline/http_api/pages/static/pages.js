// A button that prints the page; it is shown only where scripts run. No page needs it.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
