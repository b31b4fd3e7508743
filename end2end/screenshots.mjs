// Takes the pictures of the README, into screenshots/. Each shows a state that it has really brought about.

import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "@playwright/test";

import { BROWSER } from "./support/browser.mjs";
import { Server, program } from "./support/server.mjs";
import { Upstream, configuration } from "./support/upstream.mjs";

const FOLDER = fileURLToPath(new URL("screenshots", import.meta.url));
const LIMIT = 300_000;

/**
 * @typedef {object} Scene
 * @property {import("@playwright/test").Page} page
 * @property {Server} server
 * @property {Upstream[]} providers
 * @property {(path: string) => Promise<void>} open
 * @property {(text: string, status?: string) => Promise<void>} ask
 */

/** @type {Record<string, {width: number, height: number, scheme: "light" | "dark", scale?: number, chain?: string[], play: (scene: Scene) => Promise<void>}>} */
const PICTURES = {
  "chat-fallback": {
    width: 1440,
    height: 900,
    scheme: "light",
    play: async ({ page, server, open, ask }) => {
      await server.ask("Write a haiku about a calm sea");
      await server.ask("Compare retries and fallbacks in a table");
      await server.arm({ target: { model: "demo-swift" }, kind: "http_status", status: 503, message: "The engine is currently overloaded" });
      await open("/");
      await ask("What is Evenkeel?");
      await page.getByText("3 attempts").click();
      await page.getByText("failed (overloaded)").first().waitFor();
    },
  },
  exhausted: {
    width: 1440,
    height: 900,
    scheme: "dark",
    play: async ({ page, server, open, ask }) => {
      await server.ask("What is Evenkeel?");
      await server.arm({ target: { model: "demo-swift" }, kind: "http_status", status: 404, message: "The model does not exist" });
      await server.arm({ target: { model: "demo-steady" }, kind: "http_status", status: 401, message: "Incorrect API key provided" });
      await server.arm({ target: { model: "demo-calm" }, kind: "http_status", status: 429, retry_after_s: 90, message: "Rate limit reached" });
      await open("/");
      await ask("Compare retries and fallbacks in a table", "failed");
      // The forecast comes a moment later.
      await page.getByText("Likely back first").waitFor();
    },
  },
  "chat-seam": {
    width: 1440,
    height: 700,
    scheme: "light",
    play: async ({ page, server, open, ask }) => {
      await server.arm({ target: { model: "demo-swift" }, kind: "stream_cut", after_tokens: 20 });
      await open("/");
      await ask("What is Evenkeel?");
      await page.getByTestId("seam").first().click();
    },
  },
  "chat-phone": {
    width: 360,
    height: 740,
    scheme: "light",
    scale: 2,
    play: async ({ open, ask }) => {
      await open("/");
      await ask("Compare retries and fallbacks in a table");
    },
  },
  receipt: {
    width: 1024,
    height: 720,
    scheme: "light",
    chain: ["gpt-4o", "claude-sonnet"],
    play: async ({ page, server, providers: [first, second], open }) => {
      second?.always((asked) => asked.answer("Here you are."));
      first?.always((asked) => asked.answer("Here you are."));
      for (let turn = 0; turn < 9; turn++) await server.ask("What keeps a boat upright?");
      first?.always((asked) => asked.refuse(503, "Overloaded"));
      for (let turn = 0; turn < 4; turn++) await server.ask("What keeps a boat upright?");
      await open("/");
      await page.getByTestId("user-menu").click();
      await page.getByRole("menuitem", { name: "Resilience receipt" }).click();
      await page.getByTestId("receipt-card").waitFor();
    },
  },
  health: {
    width: 1440,
    height: 1000,
    scheme: "light",
    chain: ["gpt-4o", "claude-sonnet", "mistral-large"],
    play: async ({ page, server, providers, open }) => {
      for (const provider of providers) provider.always((asked) => asked.answer("Here you are."));
      for (let turn = 0; turn < 12; turn++) await server.ask("What keeps a boat upright?");
      providers[0]?.always((asked) => asked.refuse(401, "Incorrect API key provided"));
      for (let turn = 0; turn < 9; turn++) await server.ask("What keeps a boat upright?");
      await open("/admin");
      await page.locator("[data-testid=health-provider][data-state=open]").waitFor();
      await page.getByTestId("alert").first().waitFor();
    },
  },
  change: {
    width: 1440,
    height: 900,
    scheme: "dark",
    chain: ["gpt-4o", "claude-sonnet", "mistral-large"],
    play: async ({ page, server, providers, open }) => {
      for (const provider of providers) provider.always((asked) => asked.answer("Here you are."));
      providers[0]?.always((asked) => asked.refuse(503, "Overloaded"));
      for (let turn = 0; turn < 5; turn++) await server.ask("What keeps a boat upright?");
      await open("/admin?view=settings&scope=models/gpt-4o");
      await page.getByRole("button", { name: "Move mistral-large up" }).click();
      await page.getByTestId("review").click();
      await page.getByTestId("what-if").getByRole("button").click();
      await page.getByTestId("what-if").getByRole("table").waitFor();
    },
  },
  debug: {
    width: 1440,
    height: 900,
    scheme: "light",
    play: async ({ page, open, ask }) => {
      await open("/");
      await page.getByTestId("rehearse").click();
      await page.getByTestId("fault-form").getByRole("button", { name: "demo-swift" }).click();
      await page.getByRole("button", { name: "Overloaded" }).click();
      await page.getByRole("button", { name: "Arm for 5 min" }).click();
      await page.getByTestId("fault").waitFor();
      await ask("What is Evenkeel?");
      await page.getByText("3 attempts").first().click();
      await page.getByText("failed (overloaded)").first().waitFor();
      await page.getByTestId("fault").scrollIntoViewIfNeeded();
    },
  },
  replay: {
    width: 1440,
    height: 900,
    scheme: "dark",
    play: async ({ page, server, open }) => {
      await server.ask("What is Evenkeel?");
      await open("/debug");
      const replay = page.getByTestId("replay");
      await replay.getByLabel("Under").selectOption("Overloaded");
      await replay.getByTestId("run-replay").click();
      await replay.getByTestId("replay-under").locator("[data-state=answered]").waitFor();
      await replay.scrollIntoViewIfNeeded();
    },
  },
};

await mkdir(FOLDER, { recursive: true });
const browser = await chromium.launch(BROWSER);
try {
  for (const [name, { width, height, scheme, scale = 1, chain = [], play }] of Object.entries(PICTURES)) {
    const providers = await Promise.all(chain.map(() => Upstream.start()));
    /** @type {[string, Upstream][]} */
    const named = providers.map((upstream, place) => [chain[place] ?? "", upstream]);
    const server = await Server.start({ binary: program("release"), ...(named.length > 0 ? { config: configuration(named) } : {}) });
    try {
      const context = await browser.newContext({
        baseURL: server.url,
        viewport: { width, height },
        colorScheme: scheme,
        deviceScaleFactor: scale,
      });
      const page = await context.newPage();
      await play({
        page,
        server,
        providers,
        open: async (path) => {
          await page.goto(path);
          await page.locator("html[data-ready]").waitFor();
        },
        ask: async (text, status = "complete") => {
          await page.getByTestId("composer").fill(text);
          await page.getByTestId("composer").press("Enter");
          await page.locator(`[data-role=assistant][data-status=${status}]`).waitFor();
        },
      });
      const path = join(FOLDER, `${name}.png`);
      await page.screenshot({ path, animations: "disabled", caret: "hide" });
      const { size } = await stat(path);
      if (size > LIMIT) throw new Error(`${path} has ${size} bytes`);
      console.log(`${path}: ${(size / 1000).toFixed(0)} kB`);
      await context.close();
    } finally {
      await server.stop();
      await Promise.all(providers.map((upstream) => upstream.stop()));
    }
  }
} finally {
  await browser.close();
}
