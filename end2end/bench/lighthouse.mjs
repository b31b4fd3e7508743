// Lighthouse on an empty chat and on a conversation, as a desktop and as a phone.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "@playwright/test";
import lighthouse, { desktopConfig } from "lighthouse";

import { BROWSER } from "../support/browser.mjs";
import { bench, conversation, median, table } from "../support/bench.mjs";

const REPEATS = Number(process.env.REPEATS ?? 3);
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];

await bench(async ({ server, upstream }) => {
  const pages = [
    ["an empty chat", "/"],
    ["a conversation", await conversation(server, upstream, 6)],
  ];
  const profile = await mkdtemp(join(tmpdir(), "evenkeel-lighthouse-"));
  const port = 9_300 + Math.floor(Math.random() * 400);
  // Lighthouse talks to the browser itself, through a port.
  const context = await chromium.launchPersistentContext(profile, {
    ...BROWSER,
    args: [...(BROWSER.args ?? []), `--remote-debugging-port=${port}`],
  });
  /** @type {Map<string, string>} */
  const found = new Map();
  try {
    for (const [form, config, limit] of /** @type {const} */ ([["desktop", desktopConfig, 100], ["mobile", undefined, 95]])) {
      for (const [name, path] of pages) {
        /** @type {number[][]} */
        const runs = [];
        for (let repeat = 0; repeat < REPEATS; repeat++) {
          const result = await lighthouse(server.url + path, { port, onlyCategories: CATEGORIES, logLevel: "error" }, config);
          if (!result) throw new Error(`Lighthouse said nothing of ${path}`);
          const { categories, audits } = result.lhr;
          runs.push(CATEGORIES.map((category) => Math.round((categories[category]?.score ?? 0) * 100)));
          for (const category of CATEGORIES) {
            for (const { id, weight } of categories[category]?.auditRefs ?? []) {
              const audit = audits[id];
              if (!audit || weight === 0 || audit.score === null || audit.score >= 0.9) continue;
              const where = (audit.details && "items" in audit.details ? audit.details.items : []).slice(0, 3);
              const shown = category === "performance" ? audit.displayValue ?? "" : JSON.stringify(where).slice(0, 400);
              found.set(`${form}, ${name}: ${id}`, `${audit.title} ${shown}`);
            }
          }
        }
        table(
          `Lighthouse: ${name}, ${form} (medians of ${REPEATS})`,
          CATEGORIES.map((category, place) => ({
            name: category,
            value: median(runs.map((run) => run[place] ?? 0)),
            unit: "",
            limit,
            least: true,
          })),
        );
      }
    }
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 3 });
  }
  if (found.size > 0) console.log("\nWhat it found at least once");
  for (const [where, what] of found) console.log(`  ${where}: ${what}`);
});
