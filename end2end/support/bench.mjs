// What the measurements share: a window that measures itself, and a table with the limit beside the figure.

import { chromium } from "@playwright/test";

import { BROWSER } from "./browser.mjs";
import { Server, program } from "./server.mjs";
import { Upstream, configuration } from "./upstream.mjs";

/** The release build. */
export const binary = program("release");

/** @typedef {{name: string, value: number, unit: string, limit?: number, least?: boolean}} Figure */

/** @param {number[]} values */
export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/**
 * Prints the figures; `--json` prints them for programs.
 * @param {string} title
 * @param {Figure[]} figures
 */
export function table(title, figures) {
  if (process.argv.includes("--json")) return console.log(JSON.stringify({ title, figures }, null, 2));
  console.log(`\n${title}`);
  for (const { name, value, unit, limit, least = false } of figures) {
    const digits = unit === "kB" ? 1 : unit === "" && !Number.isInteger(value) ? 4 : 0;
    const shown = `${value.toFixed(digits)} ${unit}`;
    const kept = limit === undefined || (least ? value >= limit : value <= limit);
    const judged = limit === undefined ? "" : `  ${least ? "≥" : "≤"} ${limit}${unit && ` ${unit}`} ${kept ? "✓" : "✗ missed"}`;
    console.log(`  ${name.padEnd(58)} ${shown.padStart(10)}${judged}`);
  }
}

/**
 * Runs a measurement with a browser, a server and the provider behind its one model; ends them in any case.
 * @param {(parts: {browser: import("@playwright/test").Browser, server: Server, upstream: Upstream}) => Promise<void>} measure
 */
export async function bench(measure) {
  const upstream = await Upstream.start();
  const server = await Server.start({ binary, config: configuration([["instant", upstream]]) });
  const browser = await chromium.launch(BROWSER);
  try {
    await measure({ browser, server, upstream });
  } finally {
    await browser.close();
    await Promise.all([server.stop(), upstream.stop()]);
  }
}

/**
 * A conversation with so many questions, each answered at once; gives its address.
 * @param {Server} server
 * @param {Upstream} upstream
 * @param {number} turns
 */
export async function conversation(server, upstream, turns) {
  upstream.always((asked) => asked.answer(ANSWER));
  let id = "new";
  for (let turn = 0; turn < turns; turn++) {
    const { message } = await server.ask(`Question ${turn}: what keeps a boat upright in such a sea?`, { conversation: id });
    id = message.conversation_id;
  }
  return `/c/${id}`;
}

/** An answer as models write them. */
const ANSWER = `A boat keeps **upright** because of three things:

1. The *keel*, which is heavy and deep.
2. The hull's form, which gives it \`buoyancy\` where it leans.
3. The crew, who sit where they should.

\`\`\`rust
fn righting_moment(weight: f64, arm: f64) -> f64 {
    weight * arm
}
\`\`\`

So the deeper the weight, the better it rights itself.`;

/**
 * A page in a window of its own, with nothing in its cache, that measures itself.
 * @param {import("@playwright/test").Browser} browser
 * @param {Server} server
 */
export async function fresh(browser, server) {
  const context = await browser.newContext({ baseURL: server.url, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const measured = {
      alive: 0,
      ready: 0,
      shift: 0,
      paint: 0,
      tasks: /** @type {{start: number, duration: number}[]} */ ([]),
      inputs: /** @type {number[]} */ ([]),
    };
    Object.assign(window, { measured });
    new MutationObserver((_, observer) => {
      const { alive, ready } = document.documentElement.dataset;
      if (alive !== undefined) measured.alive ||= performance.now();
      if (ready === undefined) return;
      measured.ready = performance.now();
      observer.disconnect();
    }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-alive", "data-ready"] });
    /** @param {any} options @param {(entry: any) => void} take */
    const observe = (options, take) =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ buffered: true, ...options });
    observe({ type: "layout-shift" }, (entry) => (measured.shift += entry.hadRecentInput ? 0 : entry.value));
    observe({ type: "largest-contentful-paint" }, (entry) => (measured.paint = entry.startTime));
    // The browser reports none that is shorter than 50 ms.
    observe({ type: "longtask" }, (entry) => measured.tasks.push({ start: entry.startTime, duration: entry.duration }));
    observe({ type: "event", durationThreshold: 16 }, (entry) => {
      if (entry.interactionId) measured.inputs.push(entry.duration);
    });
  });
  return page;
}

/**
 * What the page has measured until now.
 * @param {import("@playwright/test").Page} page
 * @returns {Promise<{alive: number, ready: number, shift: number, paint: number, tasks: {start: number, duration: number}[], inputs: number[]}>}
 */
export const measured = (page) => page.evaluate(() => /** @type {any} */ (window).measured);

/**
 * Opens a page, and waits until it is alive and connected.
 * @param {import("@playwright/test").Page} page
 * @param {string} path
 */
export async function open(page, path) {
  await page.goto(path);
  await page.locator("html[data-ready]").waitFor();
  await page.locator("[data-testid=connection][data-state=open]").waitFor({ state: "attached" });
}
