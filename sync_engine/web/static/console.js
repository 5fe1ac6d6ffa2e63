// Comfort only; every page works without it.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !button.dataset.busy) return;
  // After the form has been read, so that the button's own value is sent.
  setTimeout(() => {
    button.textContent = button.dataset.busy;
    event.target.querySelectorAll("button").forEach((each) => { each.disabled = true; });
  });
});
document.addEventListener("keydown", (event) => {
  const form = event.target.closest && event.target.closest("form.editor");
  if (!form) return;
  if (event.key === "Escape") {
    event.preventDefault();
    location.assign(form.dataset.leave);
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button[type=submit]"));
  }
});
// A page that the browser brings back from its memory has its buttons again.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
