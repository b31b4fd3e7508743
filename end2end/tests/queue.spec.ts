// Messages that wait for an answer to be done.

import { Chat } from "../support/chat.ts";
import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";

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
