// The health panel as an administrator meets it.

import { type Page, expect } from "@playwright/test";

export const model = (page: Page, id: string) => page.locator(`[data-testid=health-model][data-id="${id}"]`);
export const provider = (page: Page, id: string) => page.locator(`[data-testid=health-provider][data-id="${id}"]`);
export const setting = (page: Page, key: string) => page.locator(`[data-testid=setting][data-key="${key}"]`);

/** Says yes to the question that is asked, once it has said what it touches. */
export async function confirm(page: Page) {
  await expect(page.getByTestId("confirm")).toContainText(/turns? (is|are) running/);
  await page.getByTestId("confirm-go").click();
  await expect(page.getByTestId("confirm")).toHaveCount(0);
}

/** Makes the changes that have been edited. */
export async function save(page: Page) {
  await page.getByTestId("review").click();
  await confirm(page);
}
