import { mkdir } from "node:fs/promises";
import { chromium } from "@playwright/test";
import { BROWSER } from "./support/browser.mjs";
import { Server } from "./support/server.mjs";
const out = "/tmp/debug-shots"; await mkdir(out, { recursive: true });
const browser = await chromium.launch(BROWSER);
const server = await Server.start({});
const only = process.argv[2];
try {
  await server.ask("Write a haiku about a calm sea");
  for (const [width, height] of [[1440, 900], [360, 740]]) for (const scheme of ["light", "dark"]) {
    const context = await browser.newContext({ baseURL: server.url, viewport: { width, height }, colorScheme: scheme });
    const page = await context.newPage();
    page.on("console", (m) => console.log("console", m.type(), m.text()));
    page.on("pageerror", (e) => console.log("error", e.message));
    const shot = (name, full = false) => page.screenshot({ path: `${out}/${name}-${width}-${scheme}.png`, fullPage: full });
    if (!only || only === "page") {
      await page.goto("/debug"); await page.locator("html[data-ready]").waitFor();
      await page.getByRole("button", { name: "Rate limited" }).click();
      await page.getByRole("button", { name: "demo-swift" }).first().click();
      await page.getByRole("button", { name: "Arm for 5 min" }).click();
      await page.getByTestId("fault").waitFor();
      const conversation = (await server.api("GET", "/api/conversations")).conversations[0].id;
      await server.api("POST", `/api/conversations/${conversation}/chat`, { message: "count to 30" });
      await page.waitForTimeout(1500);
      await page.getByTestId("run-replay").click();
      await page.getByTestId("replay-outcome").filter({ hasText: /stepped in|could not|no model/ }).waitFor();
      await page.waitForTimeout(500);
      // The page scrolls in main: make the window as tall as it.
      const tall = await page.evaluate(() => document.querySelector("main").scrollHeight + 60);
      await page.setViewportSize({ width, height: Math.max(height, Math.min(tall, 4000)) });
      await shot("page");
      await page.setViewportSize({ width, height });
      await server.halt();
    }
    if (!only || only === "drawer") {
      await page.goto("/"); await page.locator("html[data-ready]").waitFor();
      await shot("chat");
      await page.getByTestId("rehearse").click();
      await page.getByTestId("fault-form").waitFor();
      await shot("drawer-new");
      await page.getByRole("button", { name: "Overloaded" }).click();
      await page.getByRole("button", { name: "Arm for 1 min" }).click();
      await page.getByTestId("fault").waitFor();
      if (width > 500) { await page.getByTestId("composer").fill("count to 20"); await page.getByTestId("composer").press("Enter"); await page.waitForTimeout(2500); }
      await shot("drawer-armed");
      await page.locator(".rehearsal-scroll").evaluate((e) => e.scrollTo(0, 780));
      await page.waitForTimeout(200);
      await shot("drawer-frames");
      await server.halt();
    }
    await context.close();
  }
} finally { await browser.close(); await server.stop(); }
