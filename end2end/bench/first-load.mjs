// What a browser loads at first, file by file, how soon the page is there, and how long a server takes to its first answer.

import { bench, binary, conversation, fresh, measured, median, open, table } from "../support/bench.mjs";
import { Server } from "../support/server.mjs";

const REPEATS = 7;

/** @typedef {{path: string, bytes: number, encoding: string}} File */

/**
 * The first load of a page, in a window that has nothing in its cache.
 * @param {import("@playwright/test").Browser} browser
 * @param {Server} server
 * @param {string} path
 */
async function load(browser, server, path) {
  const page = await fresh(browser, server);
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  /** @type {Map<string, File>} */
  const requests = new Map();
  network.on("Network.responseReceived", ({ requestId, response }) => {
    const encoding = response.headers["content-encoding"] ?? response.headers["Content-Encoding"] ?? "";
    requests.set(requestId, { path: new URL(response.url).pathname, bytes: 0, encoding });
  });
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const request = requests.get(requestId);
    if (request) request.bytes = encodedDataLength;
  });
  await open(page, path);
  await page.waitForLoadState("networkidle");
  const files = [...requests.values()];
  const { ready, shift, paint } = await measured(page);
  await page.context().close();
  return { files, ready, shift, paint };
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
  table(`The server's start (medians of ${REPEATS})`, [
    { name: "listening", value: median(listening), unit: "ms" },
    { name: "first answer of the demo", value: median(answered), unit: "ms" },
  ]);
}

await bench(async ({ browser, server, upstream }) => {
  const talk = await conversation(server, upstream, 2);
  for (const path of ["/", talk, "/admin", "/debug"]) {
    await load(browser, server, path);
    const runs = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) runs.push(await load(browser, server, path));
    const files = runs[0]?.files ?? [];
    if (!process.argv.includes("--json")) {
      console.log(`\n${path === talk ? "/c/{id}" : path}, file by file`);
      for (const { path, bytes, encoding } of files.toSorted((a, b) => b.bytes - a.bytes)) {
        console.log(`  ${(bytes / 1000).toFixed(1).padStart(8)} kB  ${encoding.padEnd(5)} ${path}`);
      }
    }
    // The limits are those of the page that people come to first.
    const limit = (/** @type {number} */ value) => (path === "/" ? { limit: value } : {});
    const sum = files.reduce((sum, { bytes }) => sum + bytes, 0);
    table(`First load of ${path === talk ? "/c/{id}" : path} (medians of ${REPEATS})`, [
      { name: "requests", value: files.length, unit: "", ...limit(10) },
      { name: "over the wire", value: sum / 1000, unit: "kB", ...limit(250) },
      { name: "largest paint", value: median(runs.map((run) => run.paint)), unit: "ms", limit: 1000 },
      { name: "interactive", value: median(runs.map((run) => run.ready)), unit: "ms" },
      { name: "layout shift", value: median(runs.map((run) => run.shift)), unit: "", limit: 0 },
    ]);
  }
});
await coldStart();
