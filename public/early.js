// What cannot wait for the application: the chosen theme before the first paint, the newest message in view, and an
// Enter that is pressed in the composer before anybody listens.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {}
  addEventListener("DOMContentLoaded", () => {
    const scroller = document.getElementById("scroller");
    if (scroller) scroller.scrollTop = scroller.scrollHeight;
  });
  addEventListener("keydown", (event) => {
    if (root.dataset.ready !== undefined || event.target.id !== "composer") return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    event.target.dataset.submit = "";
  }, true);
})();
