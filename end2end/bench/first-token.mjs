// From the Enter key to the first token on the screen, with a provider that answers at once.

import { bench, fresh, measured, median, open, table } from "../support/bench.mjs";

const REPEATS = 31;

await bench(async ({ browser, server, upstream }) => {
  upstream.always((asked) => asked.answer("At once."));
  const page = await fresh(browser, server);
  await open(page, "/");
  const composer = page.getByTestId("composer");
  const waits = [];
  for (let repeat = -3; repeat < REPEATS; repeat++) {
    await composer.fill("Is anybody there?");
    const painted = page.evaluate(
      () =>
        new Promise((/** @type {(ms: number) => void} */ resolve) => {
          let pressed = 0;
          addEventListener("keydown", (event) => (pressed = event.timeStamp), { once: true, capture: true });
          const before = document.querySelectorAll("[data-role=assistant]").length;
          // The browser says itself when it has painted a marked element. It is marked before the frame that shows it.
          new MutationObserver((_, observer) => {
            const text = document.querySelectorAll("[data-role=assistant]")[before]?.querySelector(".prose p");
            if (!text?.textContent) return;
            observer.disconnect();
            text.setAttribute("elementtiming", "first token");
          }).observe(document, { subtree: true, childList: true, characterData: true });
          new PerformanceObserver((list, observer) => {
            observer.disconnect();
            const [entry] = /** @type {any[]} */ (list.getEntries());
            resolve(entry.renderTime - pressed);
          }).observe({ type: "element" });
        }),
    );
    await composer.press("Enter");
    const wait = await painted;
    // The first ones find a browser that has not compiled all of it.
    if (repeat >= 0) waits.push(wait);
    await page.getByTestId("send").waitFor();
  }
  const { inputs } = await measured(page);
  const slowest = waits.toSorted((a, b) => a - b).at(-2) ?? Number.NaN;
  table(`From Enter to the first token (median of ${REPEATS})`, [
    { name: "on the screen", value: median(waits), unit: "ms", limit: 40 },
    { name: "in the slowest case but one", value: slowest, unit: "ms" },
    { name: "from an input to the next picture, at most (INP)", value: Math.max(0, ...inputs), unit: "ms", limit: 50 },
  ]);
  await page.context().close();
});
