// What is written and not sent yet: drafts, files, waiting messages, instructions, and who would answer.

import type { Page } from "@playwright/test";

import { Chat } from "../support/chat.ts";
import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";

/** The smallest PNG: one red pixel. */
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Waits until what is written is kept, for this tab and for others. */
const kept = (page: Page, words: string) =>
  expect
    .poll(() =>
      page.evaluate((words) => {
        const holds = ([name, draft]: [string, string]) => name.startsWith("draft:") && draft.includes(words);
        return [sessionStorage, localStorage].every((storage) => Object.entries(storage).some(holds));
      }, words),
    )
    .toBe(true);

const text = (name: string, content: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(content) });

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

test.describe("a message that is written while an answer comes", () => {
  test.use({ chain: ["alpha"] });

  test("waits, and is sent when the answer is done", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("the first question");
    const first = await upstream("alpha").asked();
    first.say("The first ");
    await expect(chat.prose).toHaveText("The first");

    await chat.ask("the second question");
    const waiting = page.getByTestId("queued");
    await expect(waiting).toContainText("Waiting: sends when this answer is done");
    await expect(waiting).toContainText("the second question");
    await expect(chat.announcer).toHaveText("Waiting: sends when this answer is done.");
    await expect(chat.composer).toHaveValue("");
    await expect(chat.messages).toHaveCount(2);
    await sound(page);

    first.say("answer.");
    first.end();
    const second = await upstream("alpha").asked();
    expect(second.body.messages.map((message: { content: string }) => message.content)).toEqual([
      "the first question",
      "The first answer.",
      "the second question",
    ]);
    await expect(waiting).toHaveCount(0);
    second.answer("The second answer.");
    await expect(chat.prose).toHaveText("The second answer.");
    await expect(chat.messages).toHaveCount(4);
  });

  test("several go one after the other, and each can be edited or removed", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("first");
    const first = await upstream("alpha").asked();
    await expect(chat.stop).toHaveAttribute("aria-disabled", "false");
    for (const question of ["second", "third", "fourth"]) await chat.ask(question);
    const waiting = page.getByTestId("queued");
    await expect(waiting).toHaveCount(3);
    await waiting.nth(1).getByRole("button", { name: "Edit" }).click();
    await expect(chat.composer).toHaveValue("third");
    await expect(chat.composer).toBeFocused();
    await chat.composer.fill("third, in other words");
    await chat.composer.press("Enter");
    await waiting.nth(1).getByRole("button", { name: "Remove" }).click();
    await expect(waiting).toHaveCount(2);
    first.answer("first answer");
    (await upstream("alpha").asked()).answer("second answer");
    const third = await upstream("alpha").asked();
    expect(third.body.messages.at(-1).content).toBe("third, in other words");
    third.answer("third answer");
    await expect(chat.prose).toHaveText("third answer");
    await expect(waiting).toHaveCount(0);
    await expect(chat.questions.locator(".bubble")).toHaveText(["first", "second", "third, in other words"]);
  });

  test("can be sent at once, which stops the answer", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("first");
    const first = await upstream("alpha").asked();
    first.say("A long story");
    await expect(chat.prose).toHaveText("A long story");
    await chat.ask("second");
    await page.getByTestId("queued").getByRole("button", { name: "Send now" }).click();
    await first.over;
    const second = await upstream("alpha").asked();
    expect(second.body.messages.at(-1).content).toBe("second");
    second.answer("short");
    await expect(chat.prose).toHaveText("short");
    await expect(chat.answers.first()).toHaveAttribute("data-status", "cancelled");
  });

  test("survives a reload, and is sent once though two tabs know of it", async ({ chat, context, page, upstream }) => {
    await chat.open();
    await chat.ask("first");
    const first = await upstream("alpha").asked();
    first.say("Some ");
    await expect(chat.prose).toHaveText("Some");
    await chat.ask("second");
    await expect(page.getByTestId("queued")).toHaveCount(1);
    await page.reload();
    await chat.connected();
    await expect(page.getByTestId("queued")).toContainText("second");
    const other = new Chat(await context.newPage());
    await other.open(new URL(page.url()).pathname);
    await other.connected();
    await expect(other.page.getByTestId("queued")).toContainText("second");

    first.say("words");
    first.end();
    const second = await upstream("alpha").asked();
    second.answer("once");
    for (const tab of [chat, other]) {
      await expect(tab.prose).toHaveText("once");
      await expect(tab.page.getByTestId("queued")).toHaveCount(0);
      await expect(tab.questions.locator(".bubble")).toHaveText(["first", "second"]);
    }
    // Whatever either tab still had to send would come before what it is given now.
    const sent = ["first", "second"];
    for (const [tab, words] of [
      [other, "third"],
      [chat, "fourth"],
    ] as const) {
      await tab.ask(words);
      const next = await upstream("alpha").asked();
      expect(next.body.messages.at(-1).content).toBe(words);
      next.answer("once more");
      await tab.ended("complete");
      sent.push(words);
      for (const each of [chat, other]) await expect(each.questions.locator(".bubble")).toHaveText(sent);
    }
  });

  test("waits for a decision where nobody could answer", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("first");
    const first = await upstream("alpha").asked();
    await expect(chat.stop).toHaveAttribute("aria-disabled", "false");
    await chat.ask("second");
    first.refuse(401, "Who are you?");
    await chat.ended("failed");
    const waiting = page.getByTestId("queued");
    await expect(waiting).toContainText("Waiting: nobody could answer the last question");
    await sound(page);
    await waiting.getByRole("button", { name: "Send", exact: true }).click();
    await expect(waiting).toHaveCount(0);
    await expect(chat.questions).toHaveCount(2);
  });

  test("Escape stops the answer, and the button for it stays while one writes", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("a long story");
    const asked = await upstream("alpha").asked();
    asked.say("Once");
    await expect(chat.prose).toHaveText("Once");
    await expect(chat.send).toHaveCount(0);
    await chat.composer.fill("something else");
    await expect(chat.send).toHaveAttribute("aria-label", "Send when this answer is done");
    await expect(chat.stop).toBeVisible();
    await chat.composer.press("Escape");
    await chat.ended("cancelled");
    await asked.over;
    await expect(chat.composer).toHaveValue("something else");
  });
});

test.describe("files", () => {
  test.use({ chain: ["alpha"] });

  test("are chosen, shown, and can be taken away", async ({ chat, page }) => {
    await chat.open();
    await page.getByTestId("files").setInputFiles([
      text("notes.md", "# Notes"),
      { name: "pixel.png", mimeType: "image/png", buffer: PIXEL },
    ]);
    const files = page.getByTestId("file");
    await expect(files).toHaveCount(2);
    await expect(files.nth(0)).toContainText("notes.md");
    await expect(files.nth(0)).toContainText("7 B");
    await expect(files.nth(1).locator("img")).toHaveAttribute("src", /^data:image\//);
    await expect(chat.announcer).toHaveText("2 files attached.");
    await expect(chat.send).toHaveAttribute("aria-disabled", "false");
    await sound(page);
    await page.getByRole("button", { name: "Remove notes.md" }).click();
    await expect(files).toHaveCount(1);
    await expect(chat.composer).toBeFocused();

    await page.getByRole("link", { name: "New chat" }).first().click();
    await expect(files, "it is the same conversation").toHaveCount(1);
  });

  test("that cannot be sent are left out, with the reason", async ({ chat, page }) => {
    await chat.open();
    await page.getByTestId("files").setInputFiles([
      { name: "program.png", mimeType: "image/png", buffer: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]) },
      text("long.txt", "x".repeat(512 * 1024 + 1)),
      text("empty.txt", ""),
      text("fine.txt", "fine"),
    ]);
    await expect(page.getByTestId("file")).toHaveText([/fine\.txt/]);
    const refused = page.getByTestId("left-out").getByRole("listitem");
    await expect(refused).toHaveText([
      "program.png was left out: only text (UTF-8) and PNG, JPEG, GIF or WebP images can be sent.",
      "long.txt was left out: it has 513 KiB, and a text may have 512 KiB.",
      "empty.txt was left out: it is empty.",
    ]);
    await sound(page);
    await page.getByTestId("left-out").getByRole("button", { name: "Dismiss" }).click();
    await expect(refused).toHaveCount(0);

    await page.getByTestId("files").setInputFiles(Array.from({ length: 11 }, (_, place) => text(`${place}.txt`, "x")));
    await expect(page.getByTestId("file")).toHaveCount(10);
    await expect(refused).toHaveText([/no more than 10 files/, /no more than 10 files/]);
  });

  test("go with the message, and a large photograph is made as small as is of use", async ({ chat, page }) => {
    const sent: { type: string; attachments?: { name: string; media_type: string; data: string }[] }[] = [];
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(JSON.parse(String(payload)))));
    await chat.open();
    await chat.connected();
    const photograph = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(3000, 1500);
      const context = canvas.getContext("2d");
      for (let line = 0; context && line < 1500; line += 10) {
        context.fillStyle = `hsl(${line} 80% 50%)`;
        context.fillRect(0, line, 3000, 10);
      }
      const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 1 });
      return Array.from(new Uint8Array(await blob.arrayBuffer()));
    });
    await page.getByTestId("files").setInputFiles([
      { name: "sea.jpg", mimeType: "image/jpeg", buffer: Buffer.from(photograph) },
      text("words.txt", "Grüße"),
    ]);
    await expect(page.getByTestId("file").and(page.locator("[data-state=ready]"))).toHaveCount(2);
    await chat.ask("What do you see?");
    await expect.poll(() => sent.find(({ type }) => type === "send")).toBeDefined();
    const [sea, words] = sent.find(({ type }) => type === "send")?.attachments ?? [];
    expect(words).toEqual({ name: "words.txt", media_type: "text/plain", data: Buffer.from("Grüße").toString("base64") });
    expect(sea).toMatchObject({ name: "sea.jpg", media_type: "image/jpeg" });
    const size = await page.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/jpeg;base64,${data}`;
      await image.decode();
      return [image.naturalWidth, image.naturalHeight];
    }, sea?.data);
    expect(size).toEqual([2048, 1024]);
    await expect(page.getByTestId("file")).toHaveCount(0);
  });

  test("dropped anywhere on the page, and pasted", async ({ chat, page }) => {
    await chat.open();
    const drag = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(["dropped words"], "dropped.txt", { type: "text/plain" }));
      return data;
    });
    await page.dispatchEvent("body", "dragenter", { dataTransfer: drag });
    await expect(page.getByTestId("drop-zone")).toBeVisible();
    await page.dispatchEvent("body", "drop", { dataTransfer: drag });
    await expect(page.getByTestId("drop-zone")).toHaveCount(0);
    await expect(page.getByTestId("file")).toHaveText([/dropped\.txt/]);

    await chat.composer.evaluate((area, pixel) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(pixel), (letter) => letter.charCodeAt(0));
      data.items.add(new File([bytes], "image.png", { type: "image/png" }));
      area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, PIXEL.toString("base64"));
    await expect(page.getByTestId("file")).toHaveText([/dropped\.txt/, /image\.png/]);
  });

  test("a very long text that is pasted becomes a file, and text again on request", async ({ chat, page }) => {
    await chat.open();
    await chat.composer.fill("before  after");
    await chat.composer.evaluate((area: HTMLTextAreaElement) => {
      area.setSelectionRange(7, 7);
      const data = new DataTransfer();
      data.setData("text/plain", "long ".repeat(2500));
      area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    const file = page.getByTestId("file");
    await expect(file).toContainText("Pasted text.txt");
    await expect(chat.composer).toHaveValue("before  after");
    await file.getByRole("button", { name: "Paste as text instead" }).click();
    await expect(file).toHaveCount(0);
    await expect(chat.composer).toHaveValue(`before ${"long ".repeat(2500)} after`);
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
