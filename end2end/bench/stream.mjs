// 200 tokens a second for a minute, into a long conversation, while somebody scrolls: is any task too long, and does the
// page still follow? SECONDS=10 makes it shorter; TRACE=file keeps what the browser did for its performance panel.

import { writeFile } from "node:fs/promises";

import { bench, conversation, fresh, measured, open, table } from "../support/bench.mjs";

const SECONDS = Number(process.env.SECONDS ?? 60);
const RATE = 200;
/** A tick of the provider, in milliseconds. */
const TICK = 10;
const MESSAGES = 1_000;

/** Words, lines, lists and code, as a model mixes them. */
function* tokens() {
  const words = "the keel keeps a boat upright in any sea because its weight lies deep below the hull".split(" ");
  for (let place = 0; ; place++) {
    if (place % 400 === 150) yield "\n\n```rust\n";
    else if (place % 400 === 230) yield "\n```\n\n";
    else if (place % 400 > 150 && place % 400 < 230 && place % 12 === 0) yield ";\n";
    else if (place % 60 === 0) yield "\n\n";
    else if (place % 60 === 30) yield "\n- ";
    else if (place % 17 === 0) yield " **deep**";
    else yield ` ${words[place % words.length]}`;
  }
}

await bench(async ({ browser, server, upstream }) => {
  const path = await conversation(server, upstream, MESSAGES / 2);
  let sent = 0;
  upstream.always((asked) => {
    const source = tokens();
    const began = performance.now();
    const timer = setInterval(() => {
      const due = Math.min(((performance.now() - began) / 1000) * RATE, SECONDS * RATE);
      for (; sent < due; sent++) asked.say(/** @type {string} */ (source.next().value));
      if (sent >= SECONDS * RATE) {
        clearInterval(timer);
        asked.end();
      }
    }, TICK);
    asked.over.then(() => clearInterval(timer));
  });

  const page = await fresh(browser, server);
  await open(page, path);
  await page.waitForFunction((all) => document.querySelectorAll("[data-testid=message]").length >= all, MESSAGES);
  const before = (await measured(page)).tasks.length;
  const trace = process.env.TRACE;
  if (trace) await browser.startTracing(page, { screenshots: false });

  await page.evaluate(() => {
    const scroller = /** @type {HTMLElement} */ (document.getElementById("scroller"));
    const seen = { frames: 0, slow: 0, worst: 0, behind: 0, lowest: 0, highest: Number.POSITIVE_INFINITY };
    Object.assign(window, { seen });
    let last = performance.now();
    // A page that follows is at the end in every picture. What is posted in a frame is heard when it has been painted.
    const painted = new MessageChannel();
    painted.port1.onmessage = () => {
      if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight > 32) seen.behind++;
      const foot = [...document.querySelectorAll("[data-status=streaming] .message-foot")].at(-1)?.getBoundingClientRect().top;
      if (foot === undefined) return;
      seen.lowest = Math.max(seen.lowest, foot);
      seen.highest = Math.min(seen.highest, foot);
    };
    const look = () => {
      const now = performance.now();
      seen.frames++;
      seen.worst = Math.max(seen.worst, now - last);
      if (now - last > 50) seen.slow++;
      last = now;
      painted.port2.postMessage(null);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.getByTestId("composer").fill("Tell me all about keels.");
  await page.getByTestId("composer").press("Enter");
  await page.locator("[data-status=streaming] .prose:not(:empty)").waitFor();
  // Once the answer is longer than the window, its end stays where it is.
  await page.waitForTimeout(2_000);
  await page.evaluate(() => Object.assign(/** @type {any} */ (window).seen, { lowest: 0, highest: Number.POSITIVE_INFINITY }));
  // The first half it follows, in the second somebody reads further up, with the wheel.
  await page.waitForTimeout((SECONDS * 1000) / 2);
  const following = await page.evaluate(() => ({ .../** @type {any} */ (window).seen }));
  await page.locator("#scroller").hover();
  let wheels = 0;
  let dropped = 0;
  const end = performance.now() + (SECONDS * 1000) / 2 - 2_000;
  while (performance.now() < end) {
    const place = () => page.locator("#scroller").evaluate((scroller) => scroller.scrollTop);
    const from = await place();
    await page.mouse.wheel(0, wheels % 8 < 6 ? -240 : 240);
    wheels++;
    await page.waitForTimeout(200);
    // It has gone where the wheel said, and no token has pulled it back.
    const went = (await place()) - from;
    if (wheels % 8 !== 0 && Math.abs(went) < 60) dropped++;
  }
  await page.locator("[data-role=assistant]").last().and(page.locator("[data-status=complete]")).waitFor({ timeout: 60_000 });
  const shown = await page.locator("[data-role=assistant]").last().locator(".prose").evaluate((prose) => prose.textContent?.length ?? 0);
  if (trace) await writeFile(trace, await browser.stopTracing());

  const { tasks, shift } = await measured(page);
  const long = tasks.slice(before).map(({ duration }) => duration);
  const seen = await page.evaluate(() => /** @type {any} */ (window).seen);
  table(`${RATE} tokens a second for ${SECONDS} s, into ${MESSAGES} messages`, [
    { name: "tokens sent", value: sent, unit: "", limit: SECONDS * RATE, least: true },
    { name: "characters shown", value: shown, unit: "" },
    { name: "tasks over 50 ms", value: long.length, unit: "", limit: 0 },
    { name: "the longest of them", value: Math.max(0, ...long), unit: "ms" },
    { name: "pictures a second while it follows", value: following.frames / (SECONDS / 2), unit: "" },
    { name: "longest time between two pictures", value: seen.worst, unit: "ms" },
    { name: "pictures in which it was not at the end while it followed", value: following.behind, unit: "", limit: 0 },
    { name: "turns of the wheel that were dropped", value: dropped, unit: "", limit: 0 },
    { name: "pixels that the end of the answer moved while it followed", value: following.lowest - following.highest, unit: "", limit: 1 },
    // What keeps its place on the screen while the text above it grows and is scrolled away counts as shifted.
    { name: "layout shift, as Chromium adds it up", value: shift, unit: "" },
  ]);
  await page.context().close();
});
