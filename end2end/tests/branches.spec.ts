import { Chat } from "../support/chat.ts";
import { expect, test } from "../support/test.ts";
import { sound } from "../support/soundness.ts";

test.describe("with a provider that waits to be told", () => {
  test.use({ chain: ["alpha"] });

  test("an answer is given again, and both versions stay", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("a question");
    (await upstream("alpha").asked()).answer("first answer");
    await chat.ended("complete");
    await expect(page.getByTestId("versions")).toHaveCount(0);

    await chat.answer.getByRole("button", { name: "Answer again", exact: true }).click();
    const again = await upstream("alpha").asked();
    expect(again.body.messages.map((message: { content: string }) => message.content)).toEqual(["a question"]);
    again.say("second");
    await expect(chat.prose).toHaveText("second");
    await expect(chat.messages).toHaveCount(2);
    again.say(" answer");
    again.end();
    await chat.ended("complete");
    const versions = chat.answer.getByTestId("versions");
    await expect(versions).toHaveText("2/2");
    await expect(versions).toHaveAttribute("aria-label", "Version 2 of 2");

    // Back and forth by the keyboard: the focus stays on the button that was pressed.
    await versions.getByRole("button", { name: "Previous version" }).press("Enter");
    await expect(chat.prose).toHaveText("first answer");
    await expect(chat.answer.getByTestId("versions")).toHaveText("1/2");
    await expect(chat.answer.getByRole("button", { name: "Previous version" })).toBeFocused();
    await expect(chat.announcer).toHaveText("Version 1 of 2.");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect(chat.prose).toHaveText("second answer");
    await expect(chat.answer.getByRole("button", { name: "Next version" })).toBeFocused();

    // A reload shows the newest message's branch.
    await chat.answer.getByRole("button", { name: "Previous version" }).click();
    await page.reload();
    await chat.connected();
    await expect(chat.prose).toHaveText("second answer");
    await expect(chat.answer.getByTestId("versions")).toHaveText("2/2");
    const box = await chat.answer.getByRole("button", { name: "Next version" }).boundingBox();
    expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(24);
  });

  test("a question is edited in its place, the first one, too", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("hello wrld");
    (await upstream("alpha").asked()).answer("What is a wrld?");
    await chat.ended("complete");
    await chat.ask("never mind");
    (await upstream("alpha").asked()).answer("Fine.");
    await expect(chat.messages).toHaveCount(4);
    await chat.ended("complete");

    const first = chat.questions.first();
    await first.hover();
    await first.getByRole("button", { name: "Edit" }).press("Enter");
    const editor = page.getByTestId("editor");
    await expect(editor).toBeFocused();
    await expect(editor).toHaveValue("hello wrld");
    await editor.fill("nothing of this");
    await editor.press("Escape");
    await expect(editor).toHaveCount(0);
    await expect(first.locator(".bubble")).toHaveText("hello wrld");
    await expect(first.getByRole("button", { name: "Edit" })).toBeFocused();

    await page.keyboard.press("Enter");
    await editor.fill("hello");
    await editor.press("Shift+Enter");
    await page.keyboard.type("world");
    await editor.press("Enter");
    const asked = await upstream("alpha").asked();
    expect(asked.body.messages.map((message: { content: string }) => message.content)).toEqual(["hello\nworld"]);
    asked.answer("Hello to you!");
    await expect(chat.messages).toHaveCount(2);
    await chat.ended("complete");
    await expect(chat.composer).toBeFocused();
    await expect(chat.questions.locator(".bubble")).toHaveText("hello\nworld");
    await expect(chat.questions.getByTestId("versions")).toHaveText("2/2");

    // The older version has what followed it.
    await chat.questions.getByRole("button", { name: "Previous version" }).click();
    await expect(chat.messages).toHaveCount(4);
    await expect(chat.prose).toHaveText("Fine.");

    // What is sent goes on with what is shown.
    await chat.ask("and now?");
    const next = await upstream("alpha").asked();
    expect(next.body.messages.map((message: { content: string }) => message.content)).toEqual([
      "hello wrld",
      "What is a wrld?",
      "never mind",
      "Fine.",
      "and now?",
    ]);
    next.answer("Now this.");
    await expect(chat.messages).toHaveCount(6);
    await expect(chat.prose).toHaveText("Now this.");
  });

  test("two versions are written at once, and each gets its own words", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("a question");
    const first = await upstream("alpha").asked();
    first.say("one ");
    await expect(chat.prose).toHaveText("one");
    const question = chat.questions.first();
    await question.hover();
    await question.getByRole("button", { name: "Edit" }).click();
    await chat.page.getByTestId("editor").fill("another question");
    await chat.page.getByTestId("send-edited").click();
    const second = await upstream("alpha").asked();
    second.say("two ");
    await expect(chat.prose).toHaveText("two");
    first.say("uno");
    second.say("dos");
    await expect(chat.prose).toHaveText("two dos");
    first.end();
    await expect(chat.answer).toHaveAttribute("data-status", "streaming");
    second.end();
    await chat.ended("complete");
    await chat.questions.getByRole("button", { name: "Previous version" }).click();
    await chat.ended("complete");
    await expect(chat.prose).toHaveText("one uno");
  });

  test("another tab keeps what it shows, and knows of the new version", async ({ chat, context, page, upstream }) => {
    await chat.open();
    await chat.ask("a question");
    (await upstream("alpha").asked()).answer("first answer");
    await chat.ended("complete");
    const second = new Chat(await context.newPage());
    await second.open(new URL(page.url()).pathname);
    await second.connected();
    await page.bringToFront();
    await chat.answer.getByRole("button", { name: "Answer again", exact: true }).click();
    (await upstream("alpha").asked()).answer("second answer");
    await expect(chat.prose).toHaveText("second answer");
    await expect(second.answer.getByTestId("versions")).toHaveText("1/2");
    await expect(second.prose).toHaveText("first answer");
    await second.page.bringToFront();
    await second.answer.getByRole("button", { name: "Next version" }).click();
    await expect(second.prose).toHaveText("second answer");
    await second.ended("complete");
  });

  test("what is asked again without a connection is asked once, when it is back", async ({ chat, incidents, page, server, upstream }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.ask("a question");
    (await upstream("alpha").asked()).answer("first answer");
    await chat.ended("complete");
    await expect.poll(() => server.stores("first answer")).toBe(true);
    await server.kill();
    await expect(chat.connection).toHaveAttribute("data-state", "waiting");
    await chat.answer.getByRole("button", { name: "Answer again", exact: true }).click();
    await expect(page.getByTestId("asking-again")).toBeVisible();
    await server.restart();
    (await upstream("alpha").asked()).answer("second answer");
    await expect(chat.prose).toHaveText("second answer");
    await chat.ended("complete");
    await expect(chat.answer.getByTestId("versions")).toHaveText("2/2");
    await expect(page.getByTestId("asking-again")).toHaveCount(0);
  });
});

test.describe("with two models", () => {
  test.use({ chain: ["alpha", "beta"] });

  test("another model answers again, chosen from a menu", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("a question");
    (await upstream("alpha").asked()).answer("alpha's answer");
    await chat.ended("complete");
    await chat.answer.getByTestId("again-with").press("Enter");
    const menu = page.getByTestId("again-menu");
    await expect(menu).toBeVisible();
    await sound(page);
    await page.keyboard.press("Escape");
    await expect(menu).toBeHidden();
    await expect(chat.answer.getByTestId("again-with")).toBeFocused();

    await page.keyboard.press("Enter");
    await expect(menu.locator("[data-model=alpha]")).toBeFocused();
    await page.keyboard.press("ArrowDown");
    await expect(menu.locator("[data-model=beta]")).toBeFocused();
    await page.keyboard.press("Enter");
    (await upstream("beta").asked()).answer("beta's answer");
    await expect(chat.prose).toHaveText("beta's answer");
    await chat.ended("complete");
    await expect(chat.answer).toHaveAttribute("data-model", "beta");
    await expect(chat.answer).toHaveAttribute("data-fallback", "false");
    await expect(chat.answer.getByTestId("fallback-line")).toHaveCount(0);
    await expect(menu).toBeHidden();
    await sound(page);
  });

  test("the model that stepped in is kept, or the first one asked again", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("a question");
    (await upstream("alpha").asked()).refuse(404, "No such model");
    (await upstream("beta").asked()).answer("beta's answer");
    await chat.ended("complete");
    await expect(chat.picker).toHaveValue("alpha");

    const use = chat.answer.getByTestId("use-from-now-on");
    await expect(use).toHaveText("use it from now on");
    await use.click();
    await expect(use).toHaveAttribute("aria-pressed", "true");
    await expect(chat.picker).toHaveValue("beta");
    await chat.ask("another question");
    (await upstream("beta").asked()).answer("by beta at once");
    await expect(chat.prose).toHaveText("by beta at once");
    await chat.ended("complete");
    await expect(chat.answer.getByTestId("fallback-line")).toHaveCount(0);

    const first = chat.answers.first();
    await expect(first.getByTestId("try-asked-again")).toHaveText("try alpha again");
    upstream("alpha").always((asked) => asked.answer("by alpha after all"));
    upstream("beta").always((asked) => asked.answer("by beta again"));
    await first.getByTestId("try-asked-again").click();
    await expect(chat.prose).toHaveText(/by (alpha after all|beta again)/);
    await chat.ended("complete");
    await expect(chat.messages).toHaveCount(2);
    await expect(chat.answer.getByTestId("versions")).toHaveText("2/2");
  });
});

test("an editor is sound in both themes", async ({ chat, page }) => {
  await chat.open();
  await chat.converse("hello");
  await chat.questions.hover();
  await chat.questions.getByRole("button", { name: "Edit" }).click();
  await expect(page.getByTestId("editor")).toBeFocused();
  await sound(page);
});
