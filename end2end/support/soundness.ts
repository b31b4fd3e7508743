// What holds for every state of every page: nothing for axe to find in either theme, and nothing to scroll sideways at any width.

import { AxeBuilder } from "@axe-core/playwright";
import { type Page, expect } from "@playwright/test";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WIDTHS = [360, 768, 1440];

/** What fades in or out has done so: half way it has no contrast. */
async function settled(page: Page) {
  await page.evaluate(async () => {
    const ends = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity);
    // One that is cancelled has ended as well.
    await Promise.allSettled(ends.map(({ finished }) => finished));
  });
}

/** What axe finds, in a line each. */
async function violations(page: Page) {
  await settled(page);
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary?.replaceAll(/\s+/g, " ")}`),
  );
}

/** What sticks out of the window at the right, or can be scrolled sideways without being made for it. */
async function overflow(page: Page) {
  return page.evaluate(() => {
    // These are made for it.
    const wide = "pre, .table, .formula-block";
    const name = (element: Element) => `${element.tagName.toLowerCase()}.${element.classList.value.replaceAll(" ", ".")}`;
    const width = document.documentElement.clientWidth;
    const found: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>("body, body *")) {
      if (element.closest(".sr-only, svg") || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (!element.closest(wide) && element.getBoundingClientRect().right > width + 0.5) found.push(`${name(element)} sticks out`);
      const scrolls = ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
      if (scrolls && !element.matches(wide) && element.scrollWidth > element.clientWidth) found.push(`${name(element)} scrolls`);
    }
    if (document.documentElement.scrollWidth > width) found.push("the page scrolls");
    return found;
  });
}

/** Checks the page as it is now, and leaves it so. */
export async function sound(page: Page, { widths = WIDTHS } = {}) {
  const size = page.viewportSize();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect.soft(await violations(page), `what axe finds in the ${colorScheme} theme`).toEqual([]);
  }
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    expect.soft(await overflow(page), `what is too wide for ${width} px`).toEqual([]);
  }
  if (size) await page.setViewportSize(size);
}
