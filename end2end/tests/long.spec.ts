// A conversation that is longer than a page opens with: its newest messages are there at once, the others come while the
// browser has nothing else to do, and nothing that is read moves.

import type { Page } from "@playwright/test";

import type { Server } from "../support/server.mjs";
import type { Upstream } from "../support/upstream.mjs";
import { atRest } from "../support/rest.ts";
import { expect, test } from "../support/test.ts";

const TURNS = 60;

const answer = (length: number) => Array.from({ length: 1 + (length % 7) }, (_, line) => `${line + 1} 2 3`).join("\n\n");

test.use({ chain: ["swift"] });

/** A conversation of 120 messages of different lengths. */
async function long(server: Server, upstream: Upstream) {
  upstream.always((asked) => asked.answer(answer(asked.body.messages.length)));
  let conversation = "new";
  for (let turn = 0; turn < TURNS; turn++) {
    const { message } = await server.ask(`This is question ${turn}.`, { conversation });
    conversation = message.conversation_id;
  }
  return `/c/${conversation}`;
}

/** The browser has no time for more, until it is told to. */
const held = (page: Page) =>
  page.addInitScript(() => {
    const waiting: IdleRequestCallback[] = [];
    const real = window.requestIdleCallback.bind(window);
    let idle = false;
    Object.assign(window, {
      requestIdleCallback: (call: IdleRequestCallback) => (idle ? real(call) : waiting.push(call)),
      beIdle: () => {
        idle = true;
        waiting.splice(0).forEach((call) => real(call));
      },
    });
  });
const beIdle = (page: Page) => page.evaluate(() => (window as unknown as { beIdle: () => void }).beIdle());

const scroller = (page: Page) => page.locator("#scroller");
/** Where the element stands in the window. */
const top = (page: Page, text: string) =>
  page.getByText(text, { exact: true }).evaluate((element) => element.getBoundingClientRect().top);

test("it opens with its newest messages, at the end, and becomes whole", async ({ chat, page, server, upstream }) => {
  const path = await long(server, upstream("swift"));
  const html = await (await fetch(server.url + path)).text();
  expect(html.match(/data-testid="message"/g)).toHaveLength(30);
  await held(page);
  await chat.open(path);
  await expect(chat.messages).toHaveCount(30);
  await expect(chat.questions.last()).toContainText(`question ${TURNS - 1}.`);
  await expect(chat.answers.last()).toBeInViewport();

  await beIdle(page);
  await expect(chat.messages).toHaveCount(2 * TURNS);
  await expect(chat.answers.last()).toBeInViewport();
  const questions = await chat.questions.locator(".bubble").allTextContents();
  expect(questions).toEqual(Array.from({ length: TURNS }, (_, turn) => `This is question ${turn}.`));
  // What came later is as good as what was there.
  await expect(chat.answers.first().locator(".prose")).toHaveText(/^1 2 3/);
});

for (const place of ["at the upper end", "in the middle"] as const) {
  test(`nothing that is read moves, ${place}`, async ({ chat, page, server, upstream }) => {
    const path = await long(server, upstream("swift"));
    await held(page);
    await chat.open(path);
    await scroller(page).hover();
    await page.mouse.wheel(0, place === "in the middle" ? -600 : -100_000);
    await expect
      .poll(() => scroller(page).evaluate((it) => (it.scrollTop === 0 ? "at the upper end" : "in the middle")))
      .toBe(place);
    // Whatever has come into view has its real size, and wheels have come to rest.
    await atRest(scroller(page));
    const read = await page.evaluate(() => {
      const all = [...document.querySelectorAll("[data-role=user] .bubble")];
      return all.find((one) => one.getBoundingClientRect().top > 60)?.textContent ?? "";
    });
    const before = await top(page, read);
    await page.evaluate((read) => {
      const moved: number[] = [];
      const all = [...document.querySelectorAll("[data-role=user] .bubble")];
      const element = all.find((one) => one.textContent === read)!;
      const look = () => {
        moved.push(element.getBoundingClientRect().top);
        requestAnimationFrame(look);
      };
      look();
      Object.assign(window, { moved });
    }, read);
    await beIdle(page);
    await expect(chat.messages).toHaveCount(2 * TURNS);
    expect(Math.abs((await top(page, read)) - before)).toBeLessThan(2);
    // Nor did it at any time in between.
    const seen = await page.evaluate(() => (window as unknown as { moved: number[] }).moved);
    expect(Math.max(...seen) - Math.min(...seen)).toBeLessThan(2);
  });
}

test("the first message can be reached while the others still come", async ({ chat, page, server, upstream }) => {
  const path = await long(server, upstream("swift"));
  await chat.open(path);
  await scroller(page).focus();
  await expect(async () => {
    await page.keyboard.press("Home");
    await expect(chat.questions.locator(".bubble").getByText("This is question 0.")).toBeInViewport({ timeout: 500 });
  }).toPass();
  await expect(chat.messages).toHaveCount(2 * TURNS);
  await expect(page.locator(".jump")).toHaveAttribute("data-shown");
});

test("the browser's search finds what is out of sight", async ({ chat, page, server, upstream }) => {
  const path = await long(server, upstream("swift"));
  await chat.open(path);
  await expect(chat.messages).toHaveCount(2 * TURNS);
  // What the browser's own search does cannot be started from here; this one walks the same text.
  const found = await page.evaluate(() => {
    (window as unknown as { find: (text: string) => boolean }).find("question 7.");
    return getSelection()?.anchorNode?.textContent;
  });
  expect(found).toBe("This is question 7.");
});

test("an address that names an old message brings it at once", async ({ chat, page, server, upstream }) => {
  const path = await long(server, upstream("swift"));
  const { messages } = await (await fetch(`${server.url}/api/conversations/${path.slice(3)}`)).json();
  await held(page);
  await chat.open(`${path}#message-${messages[4].id}`);
  // Although the browser is never idle.
  await expect(page.locator(`[data-id="${messages[4].id}"]`)).toHaveCount(1);
});

test("a conversation that is opened from the list opens with its end, too", async ({ chat, page, server, upstream }) => {
  await long(server, upstream("swift"));
  await held(page);
  await chat.open();
  await chat.conversations.first().click();
  await expect(chat.messages).toHaveCount(30);
  await beIdle(page);
  await expect(chat.messages).toHaveCount(2 * TURNS);
  await expect(chat.answers.last()).toBeInViewport();
  // What is asked now comes at the end, and nothing else goes.
  await chat.converse("And now?");
  await expect(chat.messages).toHaveCount(2 * TURNS + 2);
});
