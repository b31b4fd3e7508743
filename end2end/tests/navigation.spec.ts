// From page to page without loading anew: links, the browser's way back, and what stays the browser's own.

import type { Page } from "@playwright/test";

import { expect, test } from "../support/test.ts";

/** Marks the document, so that one that was loaded anew can be told. */
const mark = (page: Page) => page.evaluate(() => void Object.assign(window, { marked: true }));
const marked = (page: Page) => page.evaluate(() => "marked" in window);

test("links lead from page to page, and the way back leads back", async ({ page, chat }) => {
  await chat.open();
  await mark(page);
  await expect(page).toHaveTitle("New chat · Evenkeel");

  await page.getByRole("link", { name: "Health" }).click();
  await expect(page).toHaveURL(/\/admin$/);
  await expect(page.getByRole("heading", { name: "Health", level: 1 })).toBeVisible();
  await expect(page).toHaveTitle("Health · Evenkeel");
  await expect(page.getByRole("link", { name: "Health" })).toHaveAttribute("aria-current", "page");
  await expect(page.getByTestId("composer")).toHaveCount(0);

  await page.getByRole("link", { name: "Rehearse outages" }).click();
  await expect(page).toHaveURL(/\/debug$/);
  await expect(page).toHaveTitle("Rehearse outages · Evenkeel");
  await expect(page.getByTestId("fault-form")).toBeVisible();

  await page.goBack();
  await expect(page).toHaveURL(/\/admin$/);
  await expect(page.getByRole("heading", { name: "Health", level: 1 })).toBeVisible();
  await page.goBack();
  await expect(chat.composer).toBeVisible();
  await expect(page).toHaveTitle("New chat · Evenkeel");
  await page.goForward();
  await expect(page.getByRole("heading", { name: "Health", level: 1 })).toBeVisible();
  expect(await marked(page)).toBe(true);
});

test("back and forward change the conversation", async ({ page, chat }) => {
  await chat.open();
  await mark(page);
  await chat.converse("count to 3");
  await expect(page).toHaveURL(/\/c\//);
  const first = page.url();
  await page.getByRole("link", { name: "New chat" }).first().click();
  await expect(chat.messages).toHaveCount(0);
  await chat.converse("count to 4");
  await expect(page).toHaveURL(/\/c\//);
  const second = page.url();
  expect(second).not.toBe(first);

  await page.goBack();
  // A new conversation takes its address in place, so there is no empty page between the two.
  await expect(page).toHaveURL(first);
  await expect(chat.prose).toHaveText(/^1 2 3(?! 4)/);
  await expect(page).toHaveTitle(/^count to 3/);
  await page.goForward();
  await expect(page).toHaveURL(second);
  await expect(chat.prose).toHaveText(/^1 2 3 4/);
  expect(await marked(page)).toBe(true);

  await page.reload();
  await chat.ready();
  await expect(chat.prose).toHaveText(/^1 2 3 4/);
  expect(await marked(page)).toBe(false);
});

test("the link of the page that is shown makes no second entry in the history", async ({ page, chat }) => {
  await chat.open();
  const before = await page.evaluate(() => history.length);
  await page.getByRole("link", { name: "New chat" }).first().click();
  await page.getByRole("link", { name: "New chat" }).first().click();
  expect(await page.evaluate(() => history.length)).toBe(before);
});

test("a link with a modifier opens where the browser wants it", async ({ page, context, chat }) => {
  await chat.open();
  await mark(page);
  for (const modifier of ["Control", "Shift"] as const) {
    const opened = context.waitForEvent("page");
    await page.getByRole("link", { name: "Health" }).click({ modifiers: [modifier] });
    const other = await opened;
    await expect(other).toHaveURL(/\/admin$/);
    await other.close();
  }
  await expect(page).toHaveURL(/\/$/);
  expect(await marked(page)).toBe(true);
});

test("links that lead elsewhere are the browser's own", async ({ page, chat }) => {
  await chat.open();
  const kept = await page.evaluate(() => {
    /** Whether the page has taken the click for itself. */
    const taken = (make: (link: HTMLAnchorElement) => void) => {
      const link = document.createElement("a");
      link.textContent = "somewhere";
      make(link);
      document.body.append(link);
      let prevented = false;
      // After all that the page listens with; and nothing is really followed.
      const last = (event: Event) => {
        prevented = event.defaultPrevented;
        event.preventDefault();
      };
      addEventListener("click", last);
      link.click();
      removeEventListener("click", last);
      link.remove();
      return prevented;
    };
    return {
      download: taken((link) => Object.assign(link, { href: "/c/7", download: "x.md" })),
      elsewhere: taken((link) => (link.href = "https://example.org/c/7")),
      interface: taken((link) => (link.href = "/api/models")),
      window: taken((link) => Object.assign(link, { href: "/admin", target: "_blank" })),
      place: taken((link) => (link.href = "#main")),
      page: taken((link) => (link.href = "/admin")),
    };
  });
  expect(kept).toEqual({
    download: false,
    elsewhere: false,
    interface: false,
    window: false,
    place: false,
    page: true,
  });
  await expect(page).toHaveURL(/\/admin$/);
});

test("the skip link moves the focus and leaves the address", async ({ page, chat }) => {
  await chat.open();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
  await expect(page).toHaveURL(/\/$/);
});

test("from a page that does not exist, the way leads on", async ({ page, chat, incidents }) => {
  incidents.expect(/404/);
  // The next page is asked for before the tab has its icon.
  incidents.expect(/favicon.*ERR_ABORTED/);
  for (const path of ["/nothing", "/c/unknown"]) {
    const response = await page.goto(path);
    expect(response?.status()).toBe(404);
    await chat.ready();
    await expect(page).toHaveTitle("Not found · Evenkeel");
    await page.locator("main").getByRole("link", { name: "New chat" }).click();
    await expect(chat.composer).toBeVisible();
    await expect(page).toHaveTitle("New chat · Evenkeel");
    await page.goBack();
    await expect(page.getByRole("heading", { name: "There is nothing here" })).toBeVisible();
    await expect(page).toHaveTitle("Not found · Evenkeel");
  }
});
