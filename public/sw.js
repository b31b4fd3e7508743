// What an installed application needs while its server is away, and nothing more. No page, no answer and no part of the application is
// ever kept here: whatever is shown comes from the server that runs now. Files whose names carry their hash are the browser's own to keep.
const OFFLINE = "offline-1";
const FILES = ["/offline.html", "/offline.css", "/offline.js", "/favicon.svg"];
// A page that is loaded anew has asked for its address by then.
const PATIENCE_MS = 4000;

/** When an address was last asked for. */
const visits = new Map();

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(OFFLINE)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name !== OFFLINE) await caches.delete(name);
    // The page's request need not wait until this has woken up.
    await self.registration.navigationPreload?.enable();
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    visits.set(url.pathname, Date.now());
    event.respondWith(page(event));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(fetch(request).catch(() => kept(url.pathname)));
  }
});

async function page(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return kept("/offline.html");
  }
}

async function kept(path) {
  const cache = await caches.open(OFFLINE);
  return (await cache.match(path)) ?? Response.error();
}

// A temporary conversation ends with its window, but not when the page is only loaded anew. The page cannot tell which of both it is.
self.addEventListener("message", (event) => {
  const path = event.data?.left;
  if (typeof path === "string" && path.startsWith("/c/")) event.waitUntil(leave(path, Date.now()));
});

async function leave(path, at) {
  await new Promise((done) => setTimeout(done, PATIENCE_MS));
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = windows.some((window) => new URL(window.url).pathname === path);
  // Both are noticed in either order.
  if (open || (visits.get(path) ?? 0) > at - 1000) return;
  await fetch(`/api/conversations/${path.slice(3)}`, { method: "DELETE" }).catch(() => {});
}
