// What a set-up gains from JavaScript: a bar that moves, and buttons that cannot be pressed twice. All works without.
"use strict";

for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    const button = event.submitter;
    if (button) {
      setTimeout(() => { button.disabled = true; button.textContent = form.dataset.busy; }, 0);
    }
  });
}
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // back from the other system: the page as it is now
});

const place = document.querySelector("[data-progress]");
if (place) {
  const bar = place.querySelector("progress");
  const text = place.querySelector("[data-text]");
  const look = async () => {
    try {
      const answer = await fetch(place.dataset.progress, { headers: { Accept: "application/json" } });
      const now = await answer.json();
      if (!now.running) {
        location.reload();
        return;
      }
      bar.value = now.percent;
      if (text.textContent !== now.text) text.textContent = now.text;
    } catch (error) {
      // The next look may come through.
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, 700);
}
