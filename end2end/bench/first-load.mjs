// What a browser loads at first, and how long people wait: for the page, for the first word, for a long conversation.
// `--json` prints the figures alone.

import { chromium } from "@playwright/test";

import { BROWSER } from "../support/browser.mjs";
import { Server, program } from "../support/server.mjs";
import { Upstream, configuration } from "../support/upstream.mjs";

const REPEATS = 15;
const binary = program("release");

/** @typedef {{name: string, value: number, unit: string, goal?: number}} Figure */
/** @type {Figure[]} */
const figures = [];
/** @type {{path: string, bytes: number, encoding: string}[]} */
const files = [];

/**
 * @param {string} name
 * @param {number} value
 * @param {string} unit
 * @param {number} [goal] at most
 */
function figure(name, value, unit, goal) {
  figures.push({ name, value: Math.round(value * 1000) / 1000, unit, ...(goal === undefined ? {} : { goal }) });
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** @type {import("@playwright/test").Browser} */
let browser;

/**
 * A page in a window of its own, with nothing in its cache.
 * @param {Server} server
 */
async function fresh(server) {
  const context = await browser.newContext({ baseURL: server.url, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const measured = { ready: 0, shift: 0, paint: 0, tasks: /** @type {number[]} */ ([]) };
    Object.assign(window, { measured });
    new MutationObserver((_, observer) => {
      if (document.documentElement.dataset.ready === undefined) return;
      measured.ready = performance.now();
      observer.disconnect();
    }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-ready"] });
    /** @param {string} type @param {(entry: any) => void} take */
    const observe = (type, take) =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
    observe("layout-shift", (entry) => (measured.shift += entry.hadRecentInput ? 0 : entry.value));
    observe("largest-contentful-paint", (entry) => (measured.paint = entry.startTime));
    observe("longtask", (entry) => measured.tasks.push(entry.duration));
  });
  return page;
}

/** @param {import("@playwright/test").Page} page */
const measured = (page) =>
  page.evaluate(() => /** @type {{measured: {ready: number, shift: number, paint: number, tasks: number[]}}} */ (/** @type {unknown} */ (window)).measured);

/**
 * @param {import("@playwright/test").Page} page
 * @param {string} path
 */
async function open(page, path) {
  await page.goto(path);
  await page.locator("html[data-ready]").waitFor();
  await page.locator("[data-testid=connection][data-state=open]").waitFor({ state: "attached" });
}

/** What the first load of the chat costs. */
async function firstLoad() {
  const server = await Server.start({ binary });
  const page = await fresh(server);
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  /** @type {Map<string, {path: string, bytes: number, encoding: string}>} */
  const requests = new Map();
  network.on("Network.responseReceived", ({ requestId, response }) => {
    const encoding = response.headers["content-encoding"] ?? response.headers["Content-Encoding"] ?? "";
    requests.set(requestId, { path: new URL(response.url).pathname, bytes: 0, encoding });
  });
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const request = requests.get(requestId);
    if (request) request.bytes = encodedDataLength;
  });
  await open(page, "/");
  await page.waitForLoadState("networkidle");
  files.push(...requests.values());
  figure("first load: requests", files.length, "", 10);
  figure("first load: over the wire", files.reduce((sum, { bytes }) => sum + bytes, 0) / 1000, "kB", 250);
  const { ready, shift, paint } = await measured(page);
  figure("first load: largest paint", paint, "ms", 1000);
  figure("first load: alive", ready, "ms");
  figure("first load: layout shift", shift, "", 0);
  await page.context().close();
  await server.stop();
}

/** From nothing to the first answer. */
async function coldStart() {
  const listening = [];
  const answered = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const began = performance.now();
    const server = await Server.start({ binary });
    listening.push(performance.now() - began);
    await server.ask("count to 1");
    answered.push(performance.now() - began);
    await server.stop();
  }
  figure("server start: listening", median(listening), "ms");
  figure("server start: first answer of the demo", median(answered), "ms");
}

/**
 * From the Enter key to the first word that is painted.
 * @param {string} name
 * @param {Server} server
 */
async function firstWord(name, server) {
  const page = await fresh(server);
  await open(page, "/");
  const waits = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    await page.getByTestId("composer").fill("count to 1");
    const painted = page.evaluate(
      () =>
        new Promise((/** @type {(ms: number) => void} */ resolve) => {
          let pressed = 0;
          addEventListener("keydown", (event) => (pressed = event.timeStamp), { once: true, capture: true });
          const before = document.querySelectorAll("[data-role=assistant]").length;
          const observer = new MutationObserver(() => {
            const answers = document.querySelectorAll("[data-role=assistant]");
            if (answers.length === before || !answers[before]?.querySelector(".prose")?.textContent) return;
            observer.disconnect();
            // After the frame that shows it.
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - pressed)));
          });
          observer.observe(document, { subtree: true, childList: true, characterData: true });
        }),
    );
    await page.getByTestId("composer").press("Enter");
    waits.push(await painted);
    await page.locator("[data-testid=send]").waitFor();
  }
  figure(`Enter to the first word: ${name}`, median(waits), "ms", 1000);
  await page.context().close();
}

/**
 * 250 words a second.
 * @param {Server} server
 */
async function fastStream(server) {
  const page = await fresh(server);
  await open(page, "/");
  const before = (await measured(page)).tasks.length;
  await page.getByTestId("composer").fill("count to 1000");
  await page.getByTestId("composer").press("Enter");
  await page.locator("[data-role=assistant][data-status=complete]").waitFor();
  const tasks = (await measured(page)).tasks.slice(before);
  // The browser reports none that is shorter.
  figure("1,000 words at 250 a second: tasks over 50 ms", tasks.length, "", 0);
  await page.context().close();
}

/**
 * A conversation of 1,000 messages.
 * @param {Server} server
 */
async function longConversation(server) {
  let conversation = "new";
  for (let turn = 0; turn < 500; turn++) {
    const { message } = await server.ask(`question ${turn}`, { conversation });
    conversation = message.conversation_id;
  }
  const page = await fresh(server);
  await open(page, `/c/${conversation}`);
  const { ready, paint } = await measured(page);
  figure("1,000 messages: largest paint", paint, "ms", 300);
  figure("1,000 messages: alive", ready, "ms");
  await page.context().close();
}

browser = await chromium.launch(BROWSER);
const upstream = await Upstream.start();
upstream.always((asked) => asked.answer("At once."));
const demo = await Server.start({ binary });
const instant = await Server.start({ binary, config: configuration([["instant", upstream]]) });
try {
  await firstLoad();
  await coldStart();
  await firstWord("demo-swift (which takes 40 ms)", demo);
  await firstWord("a provider that answers at once", instant);
  await fastStream(demo);
  await longConversation(instant);
} finally {
  await Promise.all([browser.close(), demo.stop(), instant.stop(), upstream.stop()]);
}

if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ figures, files }, null, 2));
} else {
  console.log("\nThe first load, file by file");
  for (const { path, bytes, encoding } of files.toSorted((a, b) => b.bytes - a.bytes)) {
    console.log(`  ${(bytes / 1000).toFixed(1).padStart(8)} kB  ${encoding.padEnd(5)} ${path}`);
  }
  console.log("\nFigures (medians), and the goal where there is one");
  for (const { name, value, unit, goal } of figures) {
    const shown = unit === "" ? String(value) : value.toFixed(unit === "kB" ? 1 : 0);
    const judged = goal === undefined ? "" : `  ≤ ${goal}${unit && ` ${unit}`} ${value <= goal ? "✓" : "✗ missed"}`;
    console.log(`  ${name.padEnd(56)} ${`${shown} ${unit}`.padStart(10)}${judged}`);
  }
}
