// The shortcuts, and the sheet that lists them.

import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";

test("the sheet opens by its key, from the menu, and closes", async ({ chat, page }) => {
  await chat.open();
  await page.locator("body").press("?");
  const sheet = page.getByTestId("shortcuts");
  await expect(sheet).toBeVisible();
  await expect(sheet).toContainText("New chat");
  await expect(sheet.locator(".shortcut").filter({ hasText: "Search conversations" }).locator("kbd")).toHaveText(["Ctrl", "K"]);
  await sound(page);
  // The page below has no keys now.
  await page.keyboard.press("Control+k");
  await expect(page.getByTestId("search")).not.toBeFocused();
  await page.keyboard.press("Escape");
  await expect(sheet).toHaveCount(0);

  await page.getByTestId("user-menu").press("Enter");
  await page.getByRole("menuitem", { name: "Shortcuts" }).click();
  await expect(sheet).toBeVisible();
  await sheet.getByRole("button", { name: "Close" }).click();
  await expect(page.getByTestId("user-menu")).toBeFocused();
});

test("who types is not disturbed by single keys, and they can be switched off", async ({ chat, page }) => {
  await chat.open();
  await chat.composer.focus();
  await page.keyboard.type("what? and/or?");
  await expect(chat.composer).toHaveValue("what? and/or?");
  await expect(page.getByTestId("shortcuts")).toHaveCount(0);
  await page.keyboard.press("Control+/");
  const sheet = page.getByTestId("shortcuts");
  await sheet.getByRole("switch", { name: "Single keys" }).click();
  await page.keyboard.press("Escape");
  await expect(sheet).toHaveCount(0);
  await page.getByTestId("user-menu").focus();
  await page.keyboard.press("?");
  await page.keyboard.press("/");
  await expect(sheet).toHaveCount(0);
  await expect(chat.composer).not.toBeFocused();
  await page.keyboard.press("Shift+Escape");
  await expect(chat.composer).toBeFocused();
});

test("from conversation to conversation, and to a new one", async ({ chat, page, server }) => {
  await server.ask("the first");
  await server.ask("the second");
  await chat.open();
  await chat.connected();
  await page.keyboard.press("Alt+ArrowDown");
  await expect(page).toHaveTitle("the second · Evenkeel");
  await page.keyboard.press("Alt+ArrowDown");
  await expect(page).toHaveTitle("the first · Evenkeel");
  await page.keyboard.press("Alt+ArrowDown");
  await expect(page).toHaveTitle("the first · Evenkeel");
  await page.keyboard.press("Alt+ArrowUp");
  await expect(page).toHaveTitle("the second · Evenkeel");
  await page.keyboard.press("Control+Shift+o");
  await expect(page).toHaveURL("/");
  await expect(chat.composer).toBeFocused();
});

test("the list is folded and searched, the composer reached, the answer copied", async ({ chat, context, page }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await chat.open();
  await chat.converse("count to 3");
  await page.keyboard.press("Control+b");
  await expect(page.locator("#sidebar")).toBeHidden();
  await page.keyboard.press("Control+k");
  await expect(page.getByTestId("search")).toBeFocused();
  await expect(page.locator("#sidebar")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByTestId("user-menu").focus();
  await page.keyboard.press("/");
  await expect(chat.composer).toBeFocused();
  await expect(chat.composer).toHaveValue("");
  await page.keyboard.press("Control+Shift+y");
  await expect(page.getByTestId("notice")).toHaveText("The last answer is copied.");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^1 2 3\n/);
});
