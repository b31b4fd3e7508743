// What the tests of client libraries stand on: a server and its providers, and no browser.

import { test as base } from "@playwright/test";

import { Server } from "./server.mjs";
import { Upstream, configuration } from "./upstream.mjs";

interface Fixtures {
  /** The providers behind the models `alpha` and `beta`; the first falls back to the second. */
  alpha: Upstream;
  beta: Upstream;
  server: Server;
}

const RESILIENCE = `
retry_base_delay = "10ms"
idle_timeout = "2s"
`;

export const test = base.extend<Fixtures>({
  alpha: async ({}, use) => {
    const upstream = await Upstream.start();
    await use(upstream);
    await upstream.stop();
  },

  beta: async ({}, use) => {
    const upstream = await Upstream.start();
    await use(upstream);
    await upstream.stop();
  },

  server: async ({ alpha, beta }, use) => {
    const chain: [string, Upstream][] = [["alpha", alpha], ["beta", beta]];
    const server = await Server.start({ config: configuration(chain, RESILIENCE) });
    await use(server);
    await server.stop();
  },
});
