// What is written and not sent yet: drafts, instructions, and who would answer.



import { Chat } from "../support/chat.ts";
import { sound } from "../support/soundness.ts";
import { kept } from "../support/drafts.ts";
import { expect, test } from "../support/test.ts";

test.describe("a draft", () => {
  test("comes back after a reload, and belongs to its conversation", async ({ chat, page }) => {
    await chat.open();
    await chat.converse("the first matter");
    await chat.composer.pressSequentially("half a thought");
    await page.reload();
    await chat.ready();
    await expect(chat.composer).toHaveValue("half a thought");
    await expect(chat.send).toHaveAttribute("aria-disabled", "false");

    await page.getByRole("link", { name: "New chat" }).click();
    await expect(chat.composer).toHaveValue("");
    await chat.composer.fill("something new");
    await page.goBack();
    await expect(chat.composer).toHaveValue("half a thought");
    await page.goForward();
    await expect(chat.composer).toHaveValue("something new");

    await chat.composer.press("Enter");
    await chat.ended("complete");
    await expect(chat.composer).toHaveValue("");
    await page.reload();
    await chat.ready();
    await expect(chat.composer).toHaveValue("");
    await page.goto("/");
    await chat.ready();
    await expect(chat.composer).toHaveValue("");
    const kept = await page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("draft:")));
    expect(kept).toHaveLength(1);
  });

  test("is kept by the page that is closed at once", async ({ chat, context, page }) => {
    await chat.open();
    await chat.composer.fill("closed without a pause");
    await page.close();
    const next = new Chat(await context.newPage());
    await next.open();
    await expect(next.composer).toHaveValue("closed without a pause");
  });

  test("of one tab is not taken for the other's, whoever reloads", async ({ chat, context, page }) => {
    await chat.open();
    await chat.composer.pressSequentially("words of the first tab");
    await kept(page, "words of the first tab");
    const second = new Chat(await context.newPage());
    await second.open();
    await expect(second.composer).toHaveValue("words of the first tab");
    await second.composer.fill("words of the second tab");
    await kept(second.page, "words of the second tab");
    await page.bringToFront();
    await chat.composer.press("End");
    await chat.composer.pressSequentially(", and more");
    for (const [tab, words] of [
      [chat, "words of the first tab, and more"],
      [second, "words of the second tab"],
    ] as const) {
      await tab.page.reload();
      await tab.ready();
      await expect(tab.composer).toHaveValue(words);
    }
  });

  test("that was typed before the page was alive wins over the one that was kept", async ({ chat, incidents, page }) => {
    // Whoever types is going to read an answer: what shows it may be on its way when the page is left.
    incidents.expect(/split_answers.*ERR_ABORTED/);
    await chat.open();
    await chat.composer.fill("what was kept");
    await kept(page, "what was kept");
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await page.route("**/*.wasm", async (route) => {
      await released;
      await route.continue();
    });
    await page.reload();
    await expect(chat.composer, "it is there before the application").toHaveValue("what was kept");
    await chat.composer.fill("typed early");
    release();
    await chat.ready();
    await expect(chat.composer).toHaveValue("typed early");
  });

  test("old ones and too many are forgotten", async ({ chat, page }) => {
    await chat.open();
    await page.evaluate(() => {
      const month = 31 * 24 * 3600 * 1000;
      localStorage.setItem("draft:old", JSON.stringify({ text: "old", at: Date.now() - month }));
      for (let place = 0; place < 60; place++) {
        localStorage.setItem(`draft:${place}`, JSON.stringify({ text: "many", at: Date.now() - 1000 - place }));
      }
    });
    await page.reload();
    await chat.ready();
    await expect
      .poll(() => page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("draft:")).length))
      .toBe(50);
    expect(await page.evaluate(() => localStorage.getItem("draft:old"))).toBeNull();
    expect(await page.evaluate(() => localStorage.getItem("draft:0"))).not.toBeNull();
  });
});

test("instructions go with the first message, and can be seen and changed", async ({ chat, page }) => {
  await chat.open();
  const button = page.getByTestId("instructions");
  await button.click();
  const dialog = page.getByTestId("instructions-dialog");
  await expect(dialog.getByRole("textbox")).toBeFocused();
  await sound(page);
  await dialog.getByRole("textbox").fill("Answer in one word.");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(button).toHaveAttribute("aria-label", "Instructions, set");
  await kept(page, "Answer in one word.");
  await page.reload();
  await chat.ready();
  await expect(button, "they are part of the draft").toHaveAttribute("aria-label", "Instructions, set");
  await button.click();
  await expect(dialog.getByRole("textbox")).toHaveValue("Answer in one word.");
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(button).toBeFocused();
});

test.describe("in a conversation that has begun", () => {
  test.use({ chain: ["alpha", "beta"] });

  test("instructions can be given and taken away, and every model is told", async ({ chat, page, upstream }) => {
    const asked = async () => {
      const asked = await upstream("alpha").asked();
      asked.answer("Yes.");
      await expect(chat.prose).toHaveText("Yes.");
      await chat.ended("complete");
      return asked.body.messages.filter(({ role }: { role: string }) => role === "system");
    };
    const button = page.getByTestId("instructions");
    const dialog = page.getByTestId("instructions-dialog");
    await chat.open();
    await button.click();
    await dialog.getByRole("textbox").fill("Answer in one word.");
    await dialog.getByRole("button", { name: "Save" }).click();
    await chat.ask("first");
    expect(await asked()).toEqual([{ role: "system", content: "Answer in one word." }]);
    await expect(button).toHaveAttribute("aria-label", "Instructions, set");

    await button.click();
    await dialog.getByRole("textbox").fill("x".repeat(8_001));
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(dialog.getByRole("alert")).toHaveText("That is 8001 characters; instructions may have 8000.");
    await sound(page);
    await dialog.getByRole("button", { name: "Remove" }).click();
    await expect(button).toHaveAttribute("aria-label", "Instructions");
    await chat.ask("second");
    expect(await asked()).toEqual([]);
  });

  test("what waits there goes, too, while another conversation is read", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("a slow matter");
    const slow = await upstream("alpha").asked();
    slow.say("It takes ");
    await expect(chat.prose).toHaveText("It takes");
    await chat.ask("a second matter");
    await expect(page.getByTestId("queued")).toHaveCount(1);
    await page.getByRole("link", { name: "New chat" }).first().click();
    await expect(page.getByTestId("queued")).toHaveCount(0);
    slow.say("its time.");
    slow.end();
    const second = await upstream("alpha").asked();
    expect(second.body.messages.map((message: { content: string }) => message.content)).toEqual([
      "a slow matter",
      "It takes its time.",
      "a second matter",
    ]);
    second.answer("at once");
    await chat.conversations.filter({ hasText: "a slow matter" }).click();
    await expect(chat.prose).toHaveText("at once");
    await expect(chat.messages).toHaveCount(4);
  });

  test("the forecast says who would answer, beside the composer and in the picker", async ({ chat, page, server, upstream }) => {
    await chat.open();
    const forecast = page.getByTestId("forecast");
    await expect(forecast).toHaveText("");
    await server.arm({ target: { model: "alpha" }, kind: "http_status", status: 401 });
    upstream("beta").always((asked) => asked.answer("Beta here."));
    await chat.converse("hello");
    await expect(forecast).toContainText("beta would answer: alpha has no valid key");
    await expect(forecast.getByTestId("simulated")).toBeVisible();
    await expect(chat.picker.locator("option[value=alpha]")).toHaveText("alpha");
    await sound(page);
    await chat.picker.selectOption("beta");
    await expect(forecast).toHaveText("");
    await expect(chat.picker.locator("option[value=alpha]")).toHaveText("alpha · has no valid key, beta would answer");
    await server.halt();
    await chat.picker.selectOption("alpha");
    await expect(forecast).toHaveText("");
  });

  test("the arrow up in the empty composer edits the last question", async ({ chat, page, upstream }) => {
    upstream("alpha").always((asked) => asked.answer("Yes."));
    await chat.open();
    await chat.converse("first");
    await chat.converse("second");
    await chat.composer.press("ArrowUp");
    await expect(page.getByTestId("editor")).toHaveValue("second");
    await expect(page.getByTestId("editor")).toBeFocused();
    await page.keyboard.press("Escape");
    await chat.composer.fill("not empty");
    await chat.composer.press("ArrowUp");
    await expect(page.getByTestId("editor")).toHaveCount(0);
  });
});

test("of a temporary conversation the browser keeps nothing", async ({ chat, page }) => {
  await page.clock.install();
  await chat.open();
  /** What the browser keeps a second after this was typed. */
  const after = async (words: string) => {
    await chat.composer.pressSequentially(words);
    await page.clock.runFor(1_000);
    return page.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  };
  expect(await after("nothing to hide")).toContain("nothing to hide");
  await chat.composer.fill("");
  await page.getByTestId("temporary-switch").click();
  expect(await after("a secret")).not.toContain("secret");
  await chat.composer.press("Enter");
  await chat.ended("complete");
  expect(await after("another secret")).not.toContain("secret");
});

test.describe("with many models", () => {
  test.use({ chain: Array.from({ length: 21 }, (_, place) => `model-${place + 1}`), resilience: "max_attempts = 21" });

  test("one is found by its name", async ({ chat, page }) => {
    await chat.open();
    await page.getByRole("button", { name: "Search models" }).click();
    const dialog = page.getByTestId("model-search");
    const field = dialog.getByRole("combobox");
    await expect(field).toBeFocused();
    // The demo's three are there as well.
    await expect(dialog.getByRole("option")).toHaveCount(24);
    await field.fill("model-2");
    await expect(dialog.getByRole("option")).toHaveCount(3);
    await field.press("ArrowDown");
    await expect(field).toHaveAttribute("aria-activedescendant", "model-1");
    await sound(page);
    await field.press("Enter");
    await expect(dialog).toHaveCount(0);
    await expect(chat.picker).toHaveValue("model-20");
  });
});
