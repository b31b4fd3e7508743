// What cannot wait for the application: the chosen theme and the folded list before the first paint, the newest message in
// view, and an Enter that is pressed in the composer before anybody listens. And what needs no application: the service worker.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (localStorage.getItem("sidebar") === "folded") root.dataset.sidebar = "folded";
    // The next page comes grouped by the days of this clock.
    document.cookie = `utc_offset=${-new Date().getTimezoneOffset()};path=/;max-age=31536000;samesite=strict`;
  } catch {}
  addEventListener("DOMContentLoaded", () => {
    const scroller = document.getElementById("scroller");
    if (scroller) scroller.scrollTop = scroller.scrollHeight;
  });
  // When everything that is needed is here.
  addEventListener("load", () => setTimeout(() => navigator.serviceWorker?.register("/sw.js").catch(() => {}), 2000));
  addEventListener("pagehide", () => {
    const id = root.dataset.temporary;
    if (id) navigator.serviceWorker?.controller?.postMessage({ left: `/c/${id}` });
  });
  addEventListener("keydown", (event) => {
    if (root.dataset.ready !== undefined || event.target.id !== "composer") return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    event.target.dataset.submit = "";
  }, true);
})();
