// Search in the list: what is found, and the way to it.

import type { Page } from "@playwright/test";

import { atRest } from "../support/rest.ts";
import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";

const search = (page: Page) => page.getByTestId("search");
const results = (page: Page) => page.getByTestId("search-result");

test.describe("search", () => {
  test.beforeEach(async ({ server }) => {
    await server.ask("what keeps a boat upright");
    const { message } = await server.ask("a long story");
    for (let turn = 0; turn < 6; turn++) await server.ask(`count to ${30 + turn}`, { conversation: message.conversation_id });
    await server.ask("the word albatross stands here", { conversation: message.conversation_id });
    for (let turn = 0; turn < 4; turn++) await server.ask(`count to ${40 + turn}`, { conversation: message.conversation_id });
  });

  test("finds a message, opens its conversation, and marks it", async ({ chat, page }) => {
    await chat.open();
    await search(page).fill("albatross");
    await expect(results(page).first()).toContainText("a long story");
    await expect(results(page).first().locator("mark").first()).toHaveText("albatross");
    await expect(chat.announcer).toContainText("conversation");
    await expect(chat.conversations.first()).toBeHidden();

    await results(page).first().click();
    await expect(page).toHaveTitle("a long story · Evenkeel");
    const found = page.locator("[data-testid=message][data-found]");
    await expect(found).toContainText("albatross");
    await expect(found).toBeInViewport();
    // It stays in view, whatever else gets its size.
    await atRest(page.locator("#scroller"));
    await expect(found).toBeInViewport();
    await expect(search(page)).toHaveValue("albatross");
  });

  test("an address with a message leads to it", async ({ chat, page }) => {
    await chat.open();
    await search(page).fill("albatross");
    const address = await results(page).first().getAttribute("href");
    await chat.open(address ?? "");
    await expect(page.locator("[data-found]")).toContainText("albatross");
    await expect(page.locator("[data-found]")).toBeInViewport();
  });

  test("works by the keyboard alone", async ({ chat, page }) => {
    await chat.open();
    await chat.composer.focus();
    await page.keyboard.press("Control+k");
    await expect(search(page)).toBeFocused();
    await page.keyboard.type("albatross");
    await expect(results(page)).toHaveCount(1);
    await page.keyboard.press("ArrowDown");
    await expect(results(page).first()).toBeFocused();
    await page.keyboard.press("ArrowUp");
    await expect(search(page)).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(search(page)).toHaveValue("");
    await expect(chat.conversations).toHaveCount(2);
    await page.keyboard.press("ArrowDown");
    await expect(chat.conversations.first()).toBeFocused();
    await page.keyboard.press("ArrowDown");
    await expect(chat.conversations.nth(1)).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page).toHaveTitle("what keeps a boat upright · Evenkeel");
  });

  test("says that nothing was found, and that there is no connection", async ({ chat, incidents, page, server }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.connected();
    await search(page).fill("zzzzz");
    await expect(page.getByTestId("nothing-found")).toContainText("Nothing found for “zzzzz”");
    await sound(page, { widths: [1440] });
    await server.kill();
    await search(page).fill("boat");
    await expect(page.getByTestId("search-results")).toContainText("could not be reached");
    await sound(page, { widths: [1440] });
    // It is asked again by itself.
    await server.restart();
    await expect(results(page)).toHaveCount(1, { timeout: 30_000 });
    await sound(page, { widths: [768, 1440] });
  });

  test("one question for many keys, and only the last answer counts", async ({ chat, page }) => {
    await chat.open();
    const asked: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/api/search")) asked.push(new URL(request.url()).searchParams.get("q") ?? "");
    });
    await search(page).pressSequentially("albatross", { delay: 20 });
    await expect.poll(() => asked.at(-1)).toBe("albatross");
    await expect(results(page)).toHaveCount(1);
    expect(asked.length).toBeLessThan(4);
  });
});
