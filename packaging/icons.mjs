// Draws the icons of public/icons from the two SVGs: `node packaging/icons.mjs`. They are committed; nothing else needs this.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const { chromium } = createRequire(root("end2end/package.json"))("@playwright/test");

const ICONS = [
  ["public/favicon.svg", "icon-192.png", 192],
  ["public/favicon.svg", "icon-512.png", 512],
  ["packaging/icon-maskable.svg", "maskable-192.png", 192],
  ["packaging/icon-maskable.svg", "maskable-512.png", 512],
  // iOS rounds the corners itself, and paints what is transparent black.
  ["packaging/icon-maskable.svg", "apple-touch-icon.png", 180],
];

const browser = await chromium.launch({ executablePath: process.env.CHROME ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const [source, name, size] of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const svg = await readFile(root(source), "base64");
  await page.setContent(`<style>* { margin: 0 } img { display: block }</style><img width="${size}" src="data:image/svg+xml;base64,${svg}">`);
  await page.screenshot({ path: root(`public/icons/${name}`), omitBackground: true });
  await page.close();
}
await browser.close();
