// What every test stands on: a server of its own, and the rule that nothing goes wrong unnoticed.

import { writeFile } from "node:fs/promises";

import { test as base, expect } from "@playwright/test";

import { Chat } from "./chat.ts";
import { Server } from "./server.mjs";
import { Upstream, configuration } from "./upstream.mjs";

export { expect };

/** What went wrong in the browser without a test having asked for it. */
class Incidents {
  #seen: string[] = [];
  // How Playwright keeps service workers out; see its configuration.
  #expected: RegExp[] = [/Service Worker registration blocked by Playwright/];

  /** The test causes this itself. */
  expect(pattern: RegExp) {
    this.#expected.push(pattern);
  }

  /** The test ends the server itself, so the page cannot reach it. */
  expectOutage() {
    this.expect(/WebSocket connection to .* failed/);
    // The browser looks for the tab's icon when it finds the time.
    this.expect(/ERR_CONNECTION_(REFUSED|RESET)/);
    // A part of the application that was on its way is fetched again later.
    this.expect(/TypeError: Failed to fetch[^]*__wasm_split/);
    this.expect(/ERR_CONTENT_LENGTH_MISMATCH/);
    this.expect(/WebAssembly compilation aborted: Network error/);
  }

  add(incident: string) {
    this.#seen.push(incident);
  }

  get all() {
    return this.#seen.filter((incident) => !this.#expected.some((pattern) => pattern.test(incident)));
  }
}

interface Fixtures {
  /** The models, each on an upstream of its own and falling back along the rest; none of them: the demo. */
  chain: string[];
  /** Further keys of the configuration's `[resilience]`. */
  resilience: string;
  /** The configuration's `[[assistants]]`. */
  assistants: string;
  /** Models are asked for titles and suggestions, too. */
  asides: boolean;
  upstreams: Map<string, Upstream>;
  /** The provider behind a model of the chain. */
  upstream: (model: string) => Upstream;
  server: Server;
  incidents: Incidents;
  chat: Chat;
}

export const test = base.extend<Fixtures>({
  chain: [[], { option: true }],
  resilience: ["", { option: true }],
  assistants: ["", { option: true }],
  asides: [false, { option: true }],

  upstreams: async ({ chain }, use) => {
    const upstreams = new Map<string, Upstream>();
    for (const model of chain) upstreams.set(model, await Upstream.start());
    await use(upstreams);
    await Promise.all([...upstreams.values()].map((upstream) => upstream.stop()));
  },

  upstream: async ({ upstreams }, use) => {
    await use((model) => {
      const upstream = upstreams.get(model);
      if (!upstream) throw new Error(`there is no ${model} in the chain`);
      return upstream;
    });
  },

  server: async ({ upstreams, resilience, assistants, asides }, use, info) => {
    const server = await Server.start({ config: configuration([...upstreams], resilience, asides, assistants) });
    await use(server);
    if (info.status !== info.expectedStatus) await writeFile(info.outputPath("server.log"), server.log);
    await server.stop();
  },

  baseURL: async ({ server }, use) => {
    await use(server.url);
  },

  incidents: [
    async ({ context }, use) => {
      const incidents = new Incidents();
      // A violated policy is told on the console.
      context.on("console", (message) => incidents.add(`console ${message.type()}: ${message.text()}`));
      context.on("weberror", (error) => incidents.add(`error: ${error.error().stack}`));
      context.on("requestfailed", (request) => incidents.add(`failed: ${request.url()} ${request.failure()?.errorText}`));
      context.on("dialog", async (dialog) => {
        incidents.add(`dialog: ${dialog.message()}`);
        await dialog.dismiss();
      });
      await use(incidents);
      expect(incidents.all, "what went wrong in the browser meanwhile").toEqual([]);
    },
    { auto: true },
  ],

  chat: async ({ page }, use) => {
    await use(new Chat(page));
  },
});
