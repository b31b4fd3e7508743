// The conversation list and what stands around it.

import { readFile } from "node:fs/promises";

import type { Locator, Page } from "@playwright/test";

import { Chat } from "../support/chat.ts";
import type { Server } from "../support/server.mjs";
import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";

const undoLine = (page: Page) => page.getByTestId("undo-line");
const notice = (page: Page) => page.getByTestId("notice");

/** Opens the menu of the conversation of that name. */
async function menuOf(page: Page, name: string) {
  const button = page.getByRole("button", { name: `More about ${name}`, exact: true });
  await page.getByTestId("conversation").filter({ hasText: name }).hover();
  await button.click();
  await expect(page.getByRole("menu")).toBeVisible();
  return button;
}

async function choose(page: Page, item: string) {
  await page.getByRole("menuitem", { name: item }).click();
}

async function userMenu(page: Page) {
  await page.getByTestId("user-menu").click();
  await expect(page.getByRole("menu")).toBeVisible();
}

/** Another window of the same reader. */
async function another(page: Page, path: string) {
  const other = new Chat(await page.context().newPage());
  await other.open(path);
  await other.connected();
  return other;
}

/** A conversation whose title a person has given, so that no model gives it another; gives its id. */
async function named(server: Server, title: string): Promise<string> {
  const { message } = await server.ask(title);
  await server.api("PATCH", `/api/conversations/${message.conversation_id}`, { title });
  return message.conversation_id;
}

const pathOf = (page: Page) => new URL(page.url()).pathname;

test.describe("an entry", () => {
  test("is renamed where it stands, and everywhere", async ({ chat, page, server }) => {
    const id = await named(server, "an older matter");
    await chat.open("/");
    const other = await another(page, `/c/${id}`);
    await page.bringToFront();
    const button = await menuOf(page, "an older matter");
    await choose(page, "Rename");
    const field = page.getByTestId("rename");
    await expect(field).toBeFocused();
    await expect(field).toHaveValue("an older matter");

    await field.fill("forgotten");
    await field.press("Escape");
    await expect(chat.conversations).toHaveText("an older matter");
    await expect(button).toBeFocused();

    await chat.conversations.focus();
    await page.keyboard.press("F2");
    await field.fill("  Keels  ");
    await field.press("Enter");
    await expect(chat.conversations).toHaveText("Keels");
    await expect(other.conversations).toHaveText("Keels");
    await expect(other.page).toHaveTitle("Keels · Evenkeel");

    await chat.conversations.focus();
    await page.keyboard.press("F2");
    await field.fill("Rudders");
    await chat.composer.click();
    await expect(chat.conversations).toHaveText("Rudders");
    await expect(other.page).toHaveTitle("Rudders · Evenkeel");
    await page.reload();
    await expect(chat.conversations).toHaveText("Rudders");
  });

  test("a title that could not be kept comes back", async ({ chat, incidents, page, server }) => {
    incidents.expectOutage();
    await server.ask("an older matter");
    await chat.open();
    await chat.connected();
    await chat.conversations.focus();
    await page.keyboard.press("F2");
    await expect(page.getByTestId("rename")).toBeFocused();
    await server.kill();
    await page.getByTestId("rename").fill("Keels");
    await page.keyboard.press("Enter");
    await expect(notice(page)).toContainText("It could not be renamed");
    await expect(chat.conversations).toHaveText("an older matter");
    await sound(page, { widths: [360, 1440] });
  });

  test("is deleted at once, and brought back", async ({ chat, page, server }) => {
    await server.ask("the first");
    await server.ask("the second");
    await chat.open();
    await menuOf(page, "the first");
    await choose(page, "Delete");
    await expect(chat.conversations).toHaveText(["the second"]);
    await expect(undoLine(page)).toHaveText(/Deleted “the first”\./);
    await expect(undoLine(page)).toHaveAttribute("role", "status");
    await sound(page, { widths: [768, 1440] });
    await undoLine(page).getByRole("button", { name: "Undo" }).click();
    await expect(chat.conversations).toHaveText(["the second", "the first"]);
    await expect(undoLine(page)).toHaveCount(0);
    await expect(notice(page)).toHaveText("Brought back.");
    await page.reload();
    await expect(chat.conversations).toHaveText(["the second", "the first"]);
  });

  test("is deleted and brought back by the keyboard alone", async ({ chat, page, server }) => {
    await server.ask("the first");
    await server.ask("the second");
    await chat.open();
    await chat.conversations.first().focus();
    await page.keyboard.press("Delete");
    await expect(page.locator("#undo")).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(chat.conversations).toHaveCount(2);
    await expect(page.getByRole("button", { name: "More about the second" })).toBeFocused();
    await chat.conversations.first().focus();
    await page.keyboard.press("Delete");
    await expect(chat.conversations).toHaveCount(1);
    await page.keyboard.press("Control+z");
    await expect(chat.conversations).toHaveCount(2);
  });

  test("the undo line passes, but not from under the pointer", async ({ chat, page, server }) => {
    await server.ask("the first");
    await page.clock.install();
    await chat.open();
    await menuOf(page, "the first");
    await choose(page, "Delete");
    await expect(undoLine(page)).toBeVisible();
    await undoLine(page).hover();
    await page.clock.runFor(20_000);
    await expect(undoLine(page)).toBeVisible();
    await page.mouse.move(5, 600);
    await page.clock.runFor(12_000);
    await expect(undoLine(page)).toHaveCount(0);
  });

  test("the open conversation: a new chat comes, and undo leads back; another window says what happened", async ({ chat, page, server }) => {
    const id = await named(server, "about keels");
    const path = `/c/${id}`;
    await chat.open(path);
    await chat.connected();
    const other = await another(page, path);
    await page.bringToFront();
    await menuOf(page, "about keels");
    await choose(page, "Delete");
    await expect(page).toHaveURL("/");
    await expect(chat.messages).toHaveCount(0);
    await expect(other.page.getByTestId("deleted")).toContainText("This conversation was deleted");
    await expect(other.page).toHaveTitle("Deleted · Evenkeel");
    await sound(other.page);

    await undoLine(page).getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => pathOf(page)).toBe(path);
    await expect(chat.messages).toHaveCount(2);
    await expect(other.messages).toHaveCount(2);
    await expect(other.page).toHaveTitle("about keels · Evenkeel");

    // The other window can do it as well, and goes on being told what happens.
    await menuOf(page, "about keels");
    await choose(page, "Delete");
    await other.page.getByTestId("deleted").getByRole("button", { name: "Undo" }).click();
    await expect(other.messages).toHaveCount(2);
    await expect(chat.conversations).toHaveCount(1);
    await server.ask("and rudders", { conversation: id });
    await expect(other.messages).toHaveCount(4);
  });

  test("its menu is moved through with the arrows, closes on Escape, and gives the focus back", async ({ chat, page, server }) => {
    await server.ask("an older matter");
    await page.setViewportSize({ width: 360, height: 740 });
    await chat.open();
    await page.getByRole("button", { name: "Conversations" }).click();
    const more = page.getByRole("button", { name: "More about an older matter" });
    await more.focus();
    await page.keyboard.press("Enter");
    const item = (name: string) => page.getByRole("menuitem", { name });
    await expect(item("Rename")).toBeFocused();
    await page.keyboard.press("ArrowUp");
    await expect(item("Delete")).toBeFocused();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    await expect(item("Export as Markdown")).toBeFocused();
    await sound(page, { widths: [360] });
    await page.keyboard.press("Escape");
    await expect(page.getByRole("menu")).toHaveCount(0);
    await expect(more).toBeFocused();
    // The drawer around it is still open.
    await expect(chat.conversations).toBeInViewport();
  });
});

test.describe("files", () => {
  async function exported(page: Page, item: string) {
    const downloading = page.waitForEvent("download");
    await choose(page, item);
    const download = await downloading;
    return { name: download.suggestedFilename(), path: await download.path() };
  }

  test("a conversation is exported, and comes back from its JSON", async ({ chat, incidents, page, server }) => {
    // A download ends the request that began it.
    incidents.expect(/ERR_ABORTED/);
    const { message } = await server.ask("about keels");
    await chat.open();
    await menuOf(page, "about keels");
    const markdown = await exported(page, "Export as Markdown");
    expect(markdown.name).toMatch(/\.md$/);
    expect(await readFile(markdown.path, "utf8")).toContain("about keels");
    await menuOf(page, "about keels");
    const json = await exported(page, "Export as JSON");
    expect(json.name).toMatch(/\.json$/);

    await userMenu(page);
    const choosing = page.waitForEvent("filechooser");
    await choose(page, "Import a conversation");
    await (await choosing).setFiles(json.path);
    await expect(notice(page)).toHaveText("Imported.");
    await expect(page).toHaveURL(/\/c\//);
    expect(pathOf(page)).not.toBe(`/c/${message.conversation_id}`);
    await expect(chat.messages).toHaveCount(2);
    await expect(chat.conversations).toHaveText(["about keels", "about keels"]);
  });

  test("what is no conversation is refused in plain words", async ({ chat, incidents, page }) => {
    incidents.expect(/400/);
    await chat.open();
    await userMenu(page);
    const choosing = page.waitForEvent("filechooser");
    await choose(page, "Import a conversation");
    await (await choosing).setFiles({ name: "shopping.json", mimeType: "application/json", buffer: Buffer.from('{"milk": 2}') });
    await expect(notice(page)).toContainText("shopping.json was not imported.");
    await expect(notice(page)).toHaveAttribute("role", "alert");
    await sound(page);
    await notice(page).getByRole("button", { name: "Dismiss" }).click();
    await expect(notice(page)).toHaveCount(0);
  });

  test("a file is dropped on the list", async ({ chat, page, server }) => {
    const { message } = await server.ask("about keels");
    const json = await server.api("GET", `/api/conversations/${message.conversation_id}/export?format=json`);
    await chat.open();
    const files = await page.evaluateHandle((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], "keels.json", { type: "application/json" }));
      return transfer;
    }, JSON.stringify(json));
    const list = page.locator("#sidebar");
    await list.dispatchEvent("dragover", { dataTransfer: files });
    await expect(page.getByText("Drop an exported conversation here")).toBeVisible();
    await list.dispatchEvent("drop", { dataTransfer: files });
    await expect(chat.conversations).toHaveText(["about keels", "about keels"]);
    await expect(page.getByText("Drop an exported conversation here")).toBeHidden();
  });
});

test.describe("a temporary chat", () => {
  const flag = (page: Page) => page.getByTestId("temporary");

  test("stands in no list, survives a reload, and ends when it is left", async ({ chat, incidents, page, server }) => {
    await chat.open();
    const toggle = page.getByTestId("temporary-switch");
    await expect(toggle).toHaveAttribute("aria-checked", "false");
    await toggle.click();
    await expect(toggle).toHaveAttribute("aria-checked", "true");
    await sound(page);
    await chat.converse("nobody shall know");
    await expect(flag(page)).toContainText("Temporary");
    await expect(chat.conversations).toHaveCount(0);
    await expect(page).toHaveURL(/\/c\//);
    const path = pathOf(page);
    await sound(page);

    await page.reload();
    await chat.connected();
    await expect(chat.messages).toHaveCount(2);
    await expect(flag(page)).toBeVisible();

    const gone = page.waitForResponse((response) => response.request().method() === "DELETE");
    await page.getByRole("link", { name: "New chat" }).first().click();
    expect((await gone).status()).toBe(204);
    await expect(flag(page)).toHaveCount(0);
    await expect(toggle).toHaveAttribute("aria-checked", "false");
    incidents.expect(/404/);
    expect((await fetch(`${server.url}/api${path.replace("/c/", "/conversations/")}`)).status).toBe(404);
  });
});

test.describe("the list", () => {
  test("has groups of time", async ({ chat, page, server }) => {
    await server.ask("just now");
    await chat.open();
    await expect(page.getByRole("heading", { name: "Today" })).toBeVisible();
    await expect(page.getByRole("list", { name: "Today" }).getByTestId("conversation")).toHaveText("just now");
  });

  test("is grouped by the reader's own days, and the second page comes so already", async ({ browser, server }) => {
    await server.ask("just now");
    // Of these two one is a day further than the other, whatever time it is.
    for (const timezoneId of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
      const context = await browser.newContext({ baseURL: server.url, timezoneId, serviceWorkers: "block" });
      const page = await context.newPage();
      await new Chat(page).open();
      await expect(page.getByRole("heading", { name: "Today" })).toBeVisible();
      const response = await page.request.get("/");
      expect(await response.text()).toContain(">Today<");
      await context.close();
    }
  });

  test("can be folded, and stays so", async ({ chat, page }) => {
    await chat.open();
    await page.getByRole("button", { name: "Fold the list" }).click();
    await expect(page.locator("#sidebar")).toBeHidden();
    await expect(page.locator("#menu")).toBeFocused();
    await sound(page, { widths: [768, 1440] });
    await page.reload();
    await chat.ready();
    await expect(page.locator("#sidebar")).toBeHidden();
    await page.getByRole("button", { name: "Conversations" }).click();
    await expect(page.locator("#sidebar")).toBeVisible();
    await expect(page.locator("#fold")).toBeFocused();
  });

  test("of 500 entries answers at once", async ({ chat, page, server }) => {
    test.slow();
    const { message } = await server.ask("one of many");
    const json = await server.api("GET", `/api/conversations/${message.conversation_id}/export?format=json`);
    for (let copy = 1; copy < 500; copy++) await server.api("POST", "/api/conversations/import", json);
    await chat.open();
    await expect(chat.conversations).toHaveCount(500);
    const seen = await page.evaluate(async () => {
      const list = document.querySelector("[data-testid=conversations]");
      let changes = 0;
      const observer = new MutationObserver((records) => {
        for (const record of records) changes += record.addedNodes.length + record.removedNodes.length;
      });
      if (list) observer.observe(list, { subtree: true, childList: true });
      Object.assign(window, { changes: () => changes });
      return list?.scrollHeight ?? 0;
    });
    expect(seen).toBeGreaterThan(15_000);
    await chat.converse("a new one");
    await expect(page).toHaveURL(/\/c\//);
    await expect(chat.conversations.first()).toHaveAttribute("href", pathOf(page));
    // The new entry, perhaps with its heading, and the last one that has gone: not the whole list.
    const changes = await page.evaluate(() => (window as unknown as { changes: () => number }).changes());
    expect(changes).toBeLessThan(20);
  });
});

test.describe("the user's menu", () => {
  test("is sound, and keeps the suggestions' setting", async ({ chat, page }) => {
    await chat.open();
    await userMenu(page);
    await sound(page, { widths: [768, 1440] });
    const setting = page.getByTestId("suggestions-setting");
    await expect(setting).toHaveAttribute("aria-checked", "true");
    await setting.click();
    await expect(setting).toHaveAttribute("aria-checked", "false");
    expect(await page.evaluate(() => localStorage.getItem("suggestions"))).toBe("off");
    await page.reload();
    await chat.ready();
    await userMenu(page);
    await expect(setting).toHaveAttribute("aria-checked", "false");
    await page.keyboard.press("Escape");
    await expect(page.getByTestId("user-menu")).toBeFocused();
  });

  test("the receipt says that there is nothing yet", async ({ chat, page }) => {
    await chat.open();
    await userMenu(page);
    await choose(page, "Resilience receipt");
    await expect(page.getByTestId("receipt-card")).toContainText("Nothing to show yet");
    await sound(page);
    await page.keyboard.press("Escape");
    await expect(page.getByTestId("receipt")).toHaveCount(0);
    await expect(page.getByTestId("user-menu")).toBeFocused();
  });

  test.describe("with providers", () => {
    test.use({ chain: ["alpha", "beta"] });

    test("the receipt counts what was saved and what was lost", async ({ chat, page, server, upstream }) => {
      upstream("alpha").always((asked) => asked.refuse(404, "No such model"));
      upstream("beta").always((asked) => asked.answer("Here."));
      await server.ask("one");
      await server.ask("two");
      await server.ask("three", { model: "beta" });
      upstream("beta").always((asked) => asked.refuse(401, "No entry"));
      await server.ask("four");
      await chat.open();
      await userMenu(page);
      await choose(page, "Resilience receipt");
      const card: Locator = page.getByTestId("receipt-card");
      await expect(card).toContainText("2 answers saved");
      await expect(card).toContainText("of 3 answers");
      await expect(card.getByRole("img")).toHaveAccessibleName(
        "Of 4 questions 1 were answered at the first try, 2 were saved, 1 nobody could answer.",
      );
      await sound(page);
    });
  });
});
