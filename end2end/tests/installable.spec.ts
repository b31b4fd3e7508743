// The application as one that is installed: its manifest, its icons, and a service worker that keeps nothing it should not.

import type { BrowserContext, Page, Worker } from "@playwright/test";

import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";

test.use({ serviceWorkers: "allow" });

interface Icon {
  src: string;
  sizes: string;
  type: string;
  purpose: string;
}

/** Opens the chat, and waits until the service worker has taken over. */
async function installed(page: Page) {
  await page.goto("/");
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((taken) => navigator.serviceWorker.addEventListener("controllerchange", taken, { once: true }));
  });
}

/** What the service worker keeps. */
async function kept(page: Page) {
  return page.evaluate(async () => {
    const found: string[] = [];
    for (const name of await caches.keys()) {
      for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
    }
    return found.sort();
  });
}

interface Decisions {
  made: number;
  deleted: number;
}

/** Counts how often the service worker has waited for a page to come back and decided, and what it deleted. */
const observe = (worker: Worker) =>
  worker.evaluate(() => {
    const decisions: Decisions = { made: 0, deleted: 0 };
    const clients = (self as unknown as { clients: { matchAll: (options: unknown) => Promise<unknown> } }).clients;
    const [look, ask] = [clients.matchAll.bind(clients), self.fetch.bind(self)];
    Object.assign(self, {
      decisions,
      fetch: (...asked: Parameters<typeof fetch>) => {
        if (asked[1]?.method === "DELETE") decisions.deleted += 1;
        return ask(...asked);
      },
    });
    // It looks who is there, and decides as soon as it knows.
    clients.matchAll = async (options) => {
      const found = await look(options);
      setTimeout(() => (decisions.made += 1));
      return found;
    };
  });

const decisions = (worker: Worker) => worker.evaluate(() => (self as unknown as { decisions: Decisions }).decisions);

/** The browser's own word on whether this can be installed. */
async function obstacles(context: BrowserContext, page: Page) {
  const session = await context.newCDPSession(page);
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  return installabilityErrors.map(({ errorId }) => errorId);
}

test("the manifest names icons that are there, and the browser finds nothing missing", async ({ chat, context, page }) => {
  await chat.open();
  const link = await page.locator("link[rel=manifest]").getAttribute("href");
  const response = await page.request.get(link ?? "");
  expect(response.headers()["content-type"]).toBe("application/manifest+json");
  const manifest = (await response.json()) as { icons: Icon[]; shortcuts: { url: string; icons: Icon[] }[]; start_url: string };
  expect(manifest.icons.map(({ sizes, purpose }) => `${sizes} ${purpose}`)).toEqual([
    "any any",
    "192x192 any",
    "512x512 any",
    "192x192 maskable",
    "512x512 maskable",
  ]);
  for (const icon of [...manifest.icons, ...manifest.shortcuts.flatMap(({ icons }) => icons)]) {
    const file = await page.request.get(icon.src);
    expect(file.headers()["content-type"]).toBe(icon.type);
    const size = await page.evaluate(async (src) => {
      const image = new Image();
      image.src = src;
      await image.decode();
      return `${image.naturalWidth}x${image.naturalHeight}`;
    }, icon.src);
    if (icon.sizes !== "any") expect(size).toBe(icon.sizes);
  }
  const touch = await page.locator("link[rel=apple-touch-icon]").getAttribute("href");
  expect((await page.request.get(touch ?? "")).headers()["content-type"]).toBe("image/png");
  // A private window cannot install anything.
  expect((await obstacles(context, page)).filter((id) => id !== "in-incognito")).toEqual([]);
});

test("no page, no answer and no part of the application is kept", async ({ chat, page }) => {
  await installed(page);
  await page.reload();
  await chat.connected();
  await chat.converse("hello");
  await page.goto("/admin");
  await chat.ready();
  expect(await kept(page)).toEqual(["/favicon.svg", "/offline.css", "/offline.html", "/offline.js"]);
});

test("a page comes from the server that runs now", async ({ chat, page, server }) => {
  await installed(page);
  await server.ask("asked elsewhere");
  const response = await page.reload();
  expect(response?.fromServiceWorker()).toBe(true);
  await expect(chat.conversations).toHaveText("asked elsewhere");
  expect(await response?.text()).toContain("asked elsewhere");
});

test("without a server it says so, tries again, and comes back where it was", async ({ chat, incidents, page, server }) => {
  incidents.expectOutage();
  incidents.expect(/ERR_FAILED|ERR_ABORTED|Failed to load resource/);
  const { message } = await server.ask("about keels");
  await installed(page);
  const path = `/c/${message.conversation_id}`;
  await page.goto(path);
  await chat.connected();
  await server.kill();
  await page.reload();
  await expect(page.getByRole("heading", { name: "server cannot be reached" })).toBeVisible();
  await expect(page).toHaveURL(path);
  await expect(page.getByRole("status")).toContainText("Next try in");
  await expect(page.getByRole("button")).toHaveCSS("border-radius", "10px");
  await sound(page);
  await server.restart();
  await page.getByRole("button", { name: "Try now" }).click();
  await chat.connected();
  await expect(page).toHaveURL(path);
  await expect(chat.messages).toHaveCount(2);
});

test("a temporary conversation ends with its window, but not with a reload", async ({ chat, context, page, server }) => {
  await installed(page);
  await page.reload();
  await chat.connected();
  await page.getByTestId("temporary-switch").click();
  await chat.converse("nobody shall know");
  await expect(page).toHaveURL(/\/c\//);
  const id = new URL(page.url()).pathname.slice(3);
  const status = async () => (await fetch(`${server.url}/api/conversations/${id}`)).status;
  const [worker] = context.serviceWorkers();
  if (!worker) throw new Error("there is no service worker");
  await observe(worker);
  await page.reload();
  await chat.connected();
  await expect.poll(() => decisions(worker), { timeout: 20_000 }).toEqual({ made: 1, deleted: 0 });
  expect(await status()).toBe(200);
  await context.newPage();
  await page.close();
  await expect.poll(status, { timeout: 20_000 }).toBe(404);
});
