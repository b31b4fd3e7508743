// How long a conversation of 1,000 messages takes to open, and to be on the page as a whole.

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
    const { ready, paint, shift } = await measured(page);
    const whole = path === long ? MESSAGES : 2;
    await page.waitForFunction((whole) => document.querySelectorAll("[data-testid=message]").length >= whole, whole);
    const all = performance.now() - began;
    const { tasks } = await measured(page);
    // What the browser does before the page is alive is its opening, and has a limit of its own.
    const later = tasks.filter(({ start }) => start > ready).map(({ duration }) => duration);
    await page.context().close();
    return { ready, paint, shift, all, longest: Math.max(0, ...later) };
  };

  // The server and the files have to be warm, and the browser's process started.
  await opened(short);
  await opened(long);
  /** @type {Awaited<ReturnType<typeof opened>>[]} */
  const runs = [];
  const shorts = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    runs.push(await opened(long));
    shorts.push(await opened(short));
  }
  /** @param {"ready" | "paint" | "shift" | "all" | "longest"} name */
  const of = (name) => median(runs.map((run) => run[name]));
  table(`A conversation of ${MESSAGES} messages (medians of ${REPEATS})`, [
    { name: "interactive", value: of("ready"), unit: "ms", limit: 300 },
    { name: "largest paint", value: of("paint"), unit: "ms", limit: 1000 },
    { name: "layout shift", value: of("shift"), unit: "", limit: 0 },
    { name: "the whole of it on the page", value: of("all"), unit: "ms" },
    { name: "longest task after it is interactive", value: of("longest"), unit: "ms", limit: 50 },
    { name: "for comparison, two messages: interactive", value: median(shorts.map((run) => run.ready)), unit: "ms" },
  ]);
});
