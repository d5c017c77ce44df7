// A button that copies a field. Without JavaScript it stays hidden, and the field can be marked and copied by hand.
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  field.addEventListener("focus", () => field.select());
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch { // no clipboard without TLS, or not allowed
      if (!document.execCommand("copy")) return;
    }
    button.textContent = button.dataset.copied;
  });
}
