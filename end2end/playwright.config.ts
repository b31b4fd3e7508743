import { defineConfig } from "@playwright/test";

import { BROWSER } from "./support/browser.mjs";

export default defineConfig({
  testDir: "tests",
  fullyParallel: true,
  // Each test has a server and a browser window of its own.
  workers: 2,
  // A second try is told apart in the report: "flaky" is a finding, and no reason to hold everything up.
  retries: process.env.CI === undefined ? 0 : 1,
  forbidOnly: process.env.CI !== undefined,
  reporter: [["list"]],
  // Chromium has to compile an unoptimized application for every page.
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    actionTimeout: 10_000,
    browserName: "chromium",
    // Its requests would pass by what a test listens to; installable.spec.ts lets it in.
    serviceWorkers: "block",
    viewport: { width: 1280, height: 800 },
    screenshot: "only-on-failure",
    launchOptions: BROWSER,
  },
});
