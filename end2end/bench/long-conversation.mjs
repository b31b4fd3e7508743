// How long a conversation of 1,000 messages takes to open: chosen in the list, and as the first page of a browser that has
// never seen the application; and to be on the page as a whole.

import { bench, conversation, fresh, measured, median, open, table } from "../support/bench.mjs";

const MESSAGES = 1_000;
const REPEATS = Number(process.env.REPEATS ?? 7);

await bench(async ({ browser, server, upstream }) => {
  const long = await conversation(server, upstream, MESSAGES / 2);
  const short = await conversation(server, upstream, 1);

  /** @param {string} path */
  const opened = async (path) => {
    const page = await fresh(browser, server);
    const began = performance.now();
    await open(page, path);
    const { alive, ready, paint, shift } = await measured(page);
    const whole = path === long ? MESSAGES : 2;
    await page.waitForFunction((whole) => document.querySelectorAll("[data-testid=message]").length >= whole, whole);
    const all = performance.now() - began;
    const { tasks } = await measured(page);
    await page.reload();
    await page.locator("html[data-ready]").waitFor();
    const { ready: again } = await measured(page);
    // What the browser does before the page is alive is its opening, and has a limit of its own.
    const later = tasks.filter(({ start }) => start > ready).map(({ duration }) => duration);
    await page.context().close();
    return { alive, ready, again, paint, shift, all, longest: Math.max(0, ...later) };
  };

  /** From the click on its entry of the list to its newest message on the screen, in milliseconds. */
  const chosen = async () => {
    const page = await fresh(browser, server);
    // Where somebody chooses a conversation, another one was read before.
    await open(page, short);
    const shown = page.evaluate(
      (path) =>
        new Promise((/** @type {(ms: number) => void} */ resolve) => {
          let clicked = 0;
          addEventListener("click", (event) => (clicked = event.timeStamp), { once: true, capture: true });
          new MutationObserver((_, observer) => {
            const text = [...document.querySelectorAll("[data-role=assistant] .prose p")].at(-1);
            if (location.pathname !== path || document.querySelectorAll("[data-testid=message]").length <= 2 || !text) return;
            observer.disconnect();
            text.setAttribute("elementtiming", "newest message");
          }).observe(document, { subtree: true, childList: true });
          new PerformanceObserver((list, observer) => {
            observer.disconnect();
            const [entry] = /** @type {any[]} */ (list.getEntries());
            resolve(entry.renderTime - clicked);
          }).observe({ type: "element" });
        }),
      long,
    );
    await page.locator(`a[href="${long}"]`).click();
    const wait = await shown;
    await page.context().close();
    return wait;
  };

  // The server and the files have to be warm, and the browser's process started.
  await opened(short);
  await opened(long);
  /** @type {Awaited<ReturnType<typeof opened>>[]} */
  const runs = [];
  const shorts = [];
  const clicks = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    runs.push(await opened(long));
    shorts.push(await opened(short));
    clicks.push(await chosen());
  }
  /** @param {"alive" | "ready" | "again" | "paint" | "shift" | "all" | "longest"} name */
  const of = (name) => median(runs.map((run) => run[name]));
  table(`A conversation of ${MESSAGES} messages (medians of ${REPEATS})`, [
    { name: "from the click in the list to the newest message", value: median(clicks), unit: "ms", limit: 300 },
    { name: "as a page that is loaded again: interactive", value: of("again"), unit: "ms", limit: 300 },
    { name: "as the first page, with an empty cache: can be written in", value: of("alive"), unit: "ms", limit: 300 },
    { name: "… and its messages are alive as well", value: of("ready"), unit: "ms", limit: 300 },
    { name: "largest paint", value: of("paint"), unit: "ms", limit: 1000 },
    { name: "layout shift", value: of("shift"), unit: "", limit: 0 },
    { name: "the whole of it on the page", value: of("all"), unit: "ms" },
    { name: "longest task after it is interactive", value: of("longest"), unit: "ms", limit: 50 },
    { name: "for comparison, two messages: interactive", value: median(shorts.map((run) => run.ready)), unit: "ms" },
  ]);
});
