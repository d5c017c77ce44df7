// A bar that asks once a second how far something is, and loads the page anew when it has ended.
for (const bar of document.querySelectorAll("[data-progress]")) {
  const show = (name, text) => { const at = bar.querySelector(`[data-${name}]`); if (at) at.textContent = text; };
  const ask = async () => {
    try {
      const answer = await fetch(bar.dataset.progress, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const told = await answer.json();
        const meter = bar.querySelector("progress");
        if (told.total) { meter.max = told.total; meter.value = told.done; } else { meter.removeAttribute("value"); }
        show("done", told.done);
        show("total", told.total || "…");
        show("what", told.what || "");
        if (told.finished) { window.location.reload(); return; }
      }
    } catch { /* asked again in a second */ }
    setTimeout(ask, 1000);
  };
  setTimeout(ask, 500);
}
