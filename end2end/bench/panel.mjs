// What the health panel costs the browser, and the server, with 200 models that all have news: frames come twice a second,
// each with every provider.

import { chromium } from "@playwright/test";

import { binary, fresh, measured, open, table } from "../support/bench.mjs";
import { BROWSER } from "../support/browser.mjs";
import { Server } from "../support/server.mjs";
import { Upstream } from "../support/upstream.mjs";

const PROVIDERS = 10;
const MODELS = 20;
const SECONDS = Number(process.env.SECONDS ?? 20);
/** Requests a second, so that each frame has something new of every provider. */
const RATE = 60;

/** @param {Upstream} upstream */
function configuration(upstream) {
  const parts = Array.from({ length: PROVIDERS }, (_, provider) => {
    const models = Array.from(
      { length: MODELS },
      (_, model) => `[[models]]\nid = "model-${provider}-${model}"\nprovider = "provider-${provider}"\nname = "m"\n`,
    );
    return `[[providers]]\nid = "provider-${provider}"\nkind = "openai"\nbase_url = "${upstream.baseUrl}"\napi_key = "sk-test-0123456789abcdef"\n\n${models.join("\n")}`;
  });
  return parts.join("\n");
}

const upstream = await Upstream.start();
upstream.always((asked) => asked.answer("Yes."));
const server = await Server.start({ binary, config: configuration(upstream) });
const browser = await chromium.launch(BROWSER);
let asking = true;
/** Asks one model after the other, whatever comes back. */
const asked = (async () => {
  for (let turn = 0; asking; turn++) {
    const model = `model-${turn % PROVIDERS}-${Math.floor(turn / PROVIDERS) % MODELS}`;
    const body = JSON.stringify({ model, messages: [{ role: "user", content: "?" }] });
    const response = fetch(`${server.url}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body });
    response.then((response) => response.text()).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1000 / RATE));
  }
})();
try {
  const page = await fresh(browser, server);
  let frames = 0;
  let bytes = 0;
  let whole = 0;
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      if (!String(payload).startsWith('{"type":"health"')) return;
      frames += 1;
      bytes += payload.length;
      whole ||= payload.length;
    }),
  );
  await open(page, "/admin");
  const rows = await page.getByTestId("health-model").count();
  await page.waitForTimeout(3_000);
  const before = { frames, bytes, now: await page.evaluate(() => performance.now()), spent: await server.processorTime() };
  // Somebody looks around meanwhile.
  for (let second = 0; second < SECONDS; second++) {
    await page.mouse.move(700, 500);
    await page.mouse.wheel(0, second % 10 < 5 ? 900 : -900);
    await page.waitForTimeout(1_000);
  }
  const spent = (await server.processorTime()) - before.spent;
  const { tasks, ready, shift } = await measured(page);
  const settled = tasks.filter(({ start }) => start > before.now).map(({ duration }) => duration);
  const count = frames - before.frames;
  table(`The panel with ${rows} models, ${SECONDS} s of news`, [
    { name: "models on the page", value: rows, unit: "", limit: PROVIDERS * MODELS, least: true },
    { name: "interactive", value: ready, unit: "ms" },
    { name: "frames in a second", value: count / SECONDS, unit: "", limit: 2.1 },
    { name: "the first, with everything", value: whole / 1000, unit: "kB" },
    { name: "a frame", value: (bytes - before.bytes) / count / 1000, unit: "kB" },
    { name: `the server's processor, ${RATE} requests included`, value: spent / SECONDS, unit: "ms/s" },
    { name: "longest task", value: Math.max(0, ...settled), unit: "ms", limit: 50 },
    { name: "tasks of more than 50 ms", value: settled.length, unit: "", limit: 0 },
    { name: "layout shift", value: shift, unit: "" },
  ]);
} finally {
  asking = false;
  await asked;
  await browser.close();
  await Promise.all([server.stop(), upstream.stop()]);
}
