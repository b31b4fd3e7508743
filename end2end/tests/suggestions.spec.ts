import type { Page } from "@playwright/test";

import type { Asked } from "../support/upstream.mjs";
import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";

/** Answers turns, and what is asked beside them. */
function beside(questions: string, title: string) {
  const seen = { turns: 0, questions: 0, titles: 0 };
  const answer = (asked: Asked) => {
    const last = asked.body.messages.at(-1).content as string;
    if (last.includes("Suggest three short questions")) {
      seen.questions++;
      asked.answer(questions);
    } else if (last.includes("Give the conversation below a title")) {
      seen.titles++;
      asked.answer(title);
    } else {
      seen.turns++;
      asked.answer(`answer ${seen.turns}\n\n${"More of it.\n\n".repeat(30)}`);
    }
  };
  return { seen, answer };
}

const suggestions = (page: Page) => page.getByTestId("suggestion");

test.describe("with a model that is asked beside the turns", () => {
  test.use({ chain: ["alpha"], asides: true });

  test("the newest answer is followed by questions, and a press asks one", async ({ chat, page, upstream }) => {
    const { seen, answer } = beside("Why is that?\nHow deep is it?\nWho says so?", "Deep water");
    upstream("alpha").always(answer);
    await chat.open();
    await chat.converse("hello");
    await expect(suggestions(page)).toHaveText(["Why is that?", "How deep is it?", "Who says so?"]);
    await expect(suggestions(page).last()).toBeInViewport();
    await expect(chat.conversations).toHaveText(/Deep water/);
    await sound(page);

    await suggestions(page).nth(1).press("Enter");
    await expect(chat.questions.last().locator(".bubble")).toHaveText("How deep is it?");
    await expect(chat.answers).toHaveCount(2);
    await chat.ended("complete");
    await expect(chat.composer).toBeFocused();
    await expect(suggestions(page)).toHaveCount(3);
    expect(seen).toEqual({ turns: 2, questions: 2, titles: 1 });

    // They are kept with the answer, and not asked for again.
    await page.reload();
    await chat.connected();
    await expect(suggestions(page)).toHaveCount(3);
    await chat.answer.getByRole("button", { name: "Answer again", exact: true }).click();
    await expect(chat.prose).toContainText("answer 3");
    await expect(suggestions(page)).toHaveCount(3);
    expect(seen).toEqual({ turns: 3, questions: 3, titles: 1 });
  });

  test("a reader who has scrolled up is not moved by them", async ({ chat, page, upstream }) => {
    const { answer } = beside("Why?\nHow?\nWho?", "A title");
    upstream("alpha").always(answer);
    await chat.open();
    await chat.converse("hello");
    await chat.answer.hover();
    await page.mouse.wheel(0, -300);
    const scroller = page.locator("#scroller");
    const read = () => scroller.evaluate((element) => element.scrollTop);
    await expect(page.getByRole("button", { name: "Jump to latest" })).toBeVisible();
    const before = await read();
    await expect(suggestions(page)).toHaveCount(3);
    expect(await read()).toBe(before);
  });

  test("whoever does not want them is shown none, and none are asked for", async ({ chat, page, upstream }) => {
    const { seen, answer } = beside("Why?\nHow?\nWho?", "A title");
    upstream("alpha").always(answer);
    await page.addInitScript(() => localStorage.setItem("suggestions", "off"));
    await chat.open();
    await chat.converse("hello");
    await expect(chat.conversations).toHaveText(/A title/);
    expect(seen.questions).toBe(0);
    await expect(suggestions(page)).toHaveCount(0);
  });

  test("where there are none, nothing is shown", async ({ chat, page, upstream }) => {
    const { seen, answer } = beside("Sorry, here are no questions:", "A title");
    upstream("alpha").always(answer);
    await chat.open();
    await chat.converse("hello");
    await expect.poll(() => seen.questions).toBe(1);
    await expect(chat.conversations).toHaveText(/A title/);
    await expect(page.getByRole("list", { name: "Suggested questions" })).toHaveCount(0);
  });
});
