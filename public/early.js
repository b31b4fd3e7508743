// What cannot wait for the application: the chosen theme and the folded list before the first paint, the newest message
// and the draft in view, an Enter that is pressed in the composer before anybody listens, a keyboard that covers the page.
// And what needs no application: the service worker.
(() => {
  const root = document.documentElement;
  const composer = () => document.getElementById("composer");
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (localStorage.getItem("sidebar") === "folded") root.dataset.sidebar = "folded";
    // The next page comes grouped by the days of this clock.
    document.cookie = `utc_offset=${-new Date().getTimezoneOffset()};path=/;max-age=31536000;samesite=strict`;
  } catch {}
  addEventListener("DOMContentLoaded", () => {
    try {
      const name = "draft:" + (location.pathname.match(/^\/c\/([^/]+)/)?.[1] ?? "new");
      const draft = sessionStorage.getItem(name) ?? localStorage.getItem(name);
      const area = composer();
      // What somebody has typed by now is dearer.
      if (draft && area && area.value === "") area.value = JSON.parse(draft).text ?? "";
    } catch {}
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
    if (root.dataset.alive !== undefined || event.target.id !== "composer") return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    event.target.dataset.submit = "";
  }, true);
  // Where a keyboard lies over the page instead of making it smaller, the page keeps above it.
  const view = window.visualViewport;
  view?.addEventListener("resize", () => {
    const covered = view.scale === 1 && innerHeight - view.height > 100;
    if (covered) root.style.setProperty("--seen", `${view.height}px`);
    else root.style.removeProperty("--seen");
    if (covered && document.activeElement === composer()) scrollTo(0, 0);
  });
})();
