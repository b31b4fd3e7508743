import type { Page } from "@playwright/test";

import { Chat, counted } from "../support/chat.ts";
import { Server } from "../support/server.mjs";
import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";
import { configuration } from "../support/upstream.mjs";

/** The newest answer's seams, in the text and above it. */
const seams = (chat: Chat) => chat.answer.getByTestId("seam");

/** What stands in the text before the mark, and after it. */
async function around(chat: Chat) {
  return seams(chat).evaluate((mark) => {
    const prose = mark.closest(".prose");
    if (!prose) throw new Error("the mark is not in the text");
    const [before, after] = [document.createRange(), document.createRange()];
    before.setStart(prose, 0);
    before.setEndBefore(mark);
    after.setStartAfter(mark);
    after.setEnd(prose, prose.childNodes.length);
    return [before.toString(), after.toString()];
  });
}

/** The answer as the server has stored it. */
async function stored(server: Server, page: Page) {
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const { messages } = await server.api("GET", `/api/conversations/${id}`);
  return messages.at(-1);
}

test.describe("when a model breaks off and the next one can go on from there", () => {
  test.use({ chain: ["alpha", "beta"] });

  const able = test.extend({
    server: async ({ upstreams }, use) => {
      const config = configuration([...upstreams]).replace('name = "beta-upstream"', '$&\nprefill = true');
      const server = await Server.start({ config });
      await use(server);
      await server.stop();
    },
  });

  able("the mark says so, live and on record, to everybody", async ({ chat, page, server, upstream }) => {
    await chat.open();
    await chat.ask("tell me");
    const first = await upstream("alpha").asked();
    first.say("It was a **dark and sto");
    await expect(chat.prose).toHaveText("It was a **dark and sto");
    // Who answers is said while it happens.
    await expect(chat.answer.locator(".model").first()).toHaveText("alpha");
    await expect(chat.answer.getByRole("button", { name: "Copy answer" })).toHaveCount(0);
    first.cut();

    const second = await upstream("beta").asked();
    expect(second.body.messages.at(-1)).toMatchObject({ role: "assistant", content: "It was a **dark and sto" });
    await expect(chat.answer.getByTestId("progress")).toHaveText("Falling back to beta …");
    await expect(chat.answer).toHaveAttribute("data-model", "alpha");
    second.say("rmy** night");
    await expect(chat.announcer).toHaveText("alpha broke off. beta goes on.");
    await expect(chat.answer).toHaveAttribute("data-model", "beta");
    await expect(chat.answer.locator(".model").first()).toHaveText("beta");

    const shown = async (rest: string) => {
      await expect(chat.prose).toHaveText(`It was a dark and stormy night${rest}`);
      await expect(chat.prose.locator("strong")).toHaveText("dark and stormy");
      await expect(seams(chat)).toHaveCount(1);
      await expect(seams(chat)).toHaveAttribute("data-mode", "continued");
      expect(await around(chat)).toEqual(["It was a dark and sto", `rmy night${rest}`]);
    };
    await shown("");

    // The note stays open, and its mark keeps the focus, while the text grows around them.
    const mark = chat.answer.getByRole("button", { name: "alpha broke off here. beta was given its text and continued it." });
    const note = chat.answer.locator(".seam-note");
    await expect(note).toBeHidden();
    await mark.focus();
    await page.keyboard.press("Enter");
    await expect(note).toBeVisible();
    await expect(note).toHaveText("alpha broke off here. beta was given its text and continued it.");
    second.say(" at sea.");
    await shown(" at sea.");
    await expect(note).toBeVisible();
    await expect(mark).toBeFocused();
    await sound(page);
    await page.keyboard.press("Escape");
    await expect(note).toBeHidden();

    second.end();
    await chat.ended("complete");
    await expect(chat.announcer).toHaveText("Answered by beta, which went on where alpha broke off.");
    const recorded = async () => {
      await shown(" at sea.");
      await expect(chat.answer.getByTestId("fallback-line")).toHaveText("alpha broke off · beta went on from there");
      await mark.click();
      await expect(note).toBeInViewport({ ratio: 1 });
      await page.locator("body").click({ position: { x: 2, y: 2 } });
      await expect(note).toBeHidden();
    };
    await recorded();
    await page.reload();
    await chat.connected();
    await recorded();
    expect((await stored(server, page)).seams).toEqual([
      { from: "alpha", to: "beta", mode: "continued", at: "It was a **dark and sto".length, discarded: null },
    ]);
  });

  able("a finger can press the mark on a narrow screen", async ({ browser, server, upstream }) => {
    const context = await browser.newContext({ hasTouch: true, viewport: { width: 360, height: 740 }, baseURL: server.url });
    const chat = new Chat(await context.newPage());
    await chat.open();
    await chat.ask("tell me");
    const first = await upstream("alpha").asked();
    first.say(`${"so on and ".repeat(12)}`);
    await expect(chat.prose).toContainText("so on");
    first.cut();
    (await upstream("beta").asked()).answer("so forth.");
    await chat.ended("complete");
    await seams(chat).tap();
    const note = chat.answer.locator(".seam-note");
    await expect(note).toBeInViewport({ ratio: 1 });
    await sound(chat.page, { widths: [360] });
    await context.close();
  });
});

test.describe("when a model breaks off and the next one begins anew", () => {
  test.use({ chain: ["alpha", "beta"] });

  test("what it repeats is not shown twice, and the mark stands where it went on", async ({ chat, page, server, upstream }) => {
    await chat.open();
    await chat.ask("count");
    const first = await upstream("alpha").asked();
    first.say(counted(20));
    await expect(chat.prose).toHaveText(counted(20));
    first.cut();
    const second = await upstream("beta").asked();
    second.say(counted(10));
    await expect(chat.answer.getByTestId("progress")).toHaveText("beta is catching up …");
    await expect(chat.answer).toHaveAttribute("data-model", "alpha");
    second.say(` ${counted(30, 11)}`);
    await expect(chat.answer.getByTestId("progress")).toHaveCount(0);
    second.end();
    await chat.ended("complete");

    const recorded = async () => {
      await expect(chat.prose).toHaveText(counted(30));
      await expect(seams(chat)).toHaveAttribute("data-mode", "spliced");
      await expect(seams(chat)).toHaveAccessibleName(
        "alpha broke off here. beta began anew, said the same up to here, and was spliced in.",
      );
      expect((await around(chat)).map((part) => part.trim())).toEqual([counted(20), counted(30, 21)]);
      await expect(chat.answer.getByTestId("fallback-line")).toHaveText("alpha broke off · beta went on from there");
    };
    await recorded();
    await page.reload();
    await chat.connected();
    await recorded();
    expect((await stored(server, page)).seams).toMatchObject([{ mode: "spliced", discarded: null }]);
  });

  test("another answer replaces the first, which can still be read", async ({ chat, page, server, upstream }) => {
    await chat.open();
    await chat.ask("tell me");
    const first = await upstream("alpha").asked();
    first.say("It was a dark & <b>stormy</b>\n\n- night");
    await expect(chat.prose.locator("li")).toHaveText("night");
    first.cut();
    const second = await upstream("beta").asked();
    second.say("Once upon");
    await expect(chat.prose).toHaveText("Once upon");
    await expect(chat.announcer).toHaveText("alpha broke off. beta begins the answer anew.");
    await expect(seams(chat)).toHaveAttribute("data-mode", "restarted");
    await sound(page, { widths: [360] });
    // It stays open while the answer goes on.
    await seams(chat).locator("summary").click();
    await expect(chat.answer.locator(".discarded")).toBeVisible();
    second.say(" a time.");
    await expect(chat.prose).toHaveText("Once upon a time.");
    await expect(chat.answer.locator(".discarded")).toBeVisible();
    second.end();
    await chat.ended("complete");
    await expect(chat.announcer).toHaveText("Answered by beta, which began anew where alpha broke off.");
    await sound(page);

    await page.reload();
    await chat.connected();
    await expect(chat.prose).toHaveText("Once upon a time.");
    await expect(seams(chat)).toHaveCount(1);
    await expect(chat.answer.getByTestId("fallback-line")).toHaveText("alpha broke off · beta began anew");
    const summary = seams(chat).locator("summary");
    await expect(summary).toHaveText("alpha broke off. beta said something else and restarted the answer.");
    await expect(chat.answer.locator(".discarded")).toBeHidden();
    await summary.focus();
    await page.keyboard.press("Enter");
    await expect(chat.answer.locator(".discarded")).toHaveText("It was a dark & <b>stormy</b>\n\n- night");
    await expect(chat.answer.locator(".discarded b")).toHaveCount(0);
    expect((await stored(server, page)).seams).toEqual([
      { from: "alpha", to: "beta", mode: "restarted", at: 0, discarded: "It was a dark & <b>stormy</b>\n\n- night" },
    ]);
  });

  test("a page that comes in the middle, and one after a kill, show the same", async ({ chat, context, incidents, page, server, upstream }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.ask("count");
    const first = await upstream("alpha").asked();
    first.say(counted(9));
    await expect(chat.prose).toHaveText(counted(9));
    first.cut();
    const second = await upstream("beta").asked();
    second.say(counted(12));
    await expect(seams(chat)).toHaveCount(1);

    const late = new Chat(await context.newPage());
    await late.open(new URL(page.url()).pathname);
    await expect(late.prose).toHaveText(counted(12));
    await expect(seams(late)).toHaveCount(1);
    // What passed before it came is replayed, and the mark drawn anew.
    await expect(async () => expect(await around(late)).toEqual(await around(chat))).toPass();

    await expect.poll(() => server.stores('"spliced"')).toBe(true);
    await server.kill();
    await server.restart();
    await chat.ended("interrupted");
    await page.reload();
    await chat.connected();
    await expect(chat.prose).toHaveText(counted(12));
    await expect(seams(chat)).toHaveAttribute("data-mode", "spliced");
  });
});

test("a text that was kept without an end names its model, and can be copied", async ({ chat, context, page, server }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await server.arm({ target: "*", kind: "stream_cut", after_tokens: 5 });
  await chat.open();
  await chat.ask("count to 300");
  await chat.ended("incomplete");
  await expect(chat.answer.getByTestId("exhausted")).toBeVisible();
  // Each of the others said the same five words, and broke off in its turn.
  await expect(chat.answer.locator(".model").first()).toHaveText("demo-calm");
  await expect(seams(chat)).toHaveCount(2);
  await expect(chat.answer.getByTestId("fallback-line")).toHaveText(
    "demo-swift broke off · demo-steady broke off · demo-calm went on from there, and broke off",
  );
  await chat.answer.getByRole("button", { name: "Copy answer" }).click();
  expect((await page.evaluate(() => navigator.clipboard.readText())).trim()).toBe(counted(5));
});

test("a cut that is rehearsed in the debug pane leaves a mark", async ({ chat, page, server }) => {
  await chat.open("/debug");
  await page.getByRole("button", { name: "Cut mid-answer" }).click();
  await page.getByLabel("Strikes").selectOption({ label: "Model demo-swift" });
  await page.getByTestId("arm").click();
  await expect(page.getByTestId("fault")).toHaveCount(1);
  await page.getByRole("link", { name: "New chat" }).click();
  await chat.converse("count to 100");
  await expect(chat.answer).toHaveAttribute("data-model", "demo-steady");
  await expect(chat.prose.locator("p").first()).toHaveText(counted(100));
  await expect(seams(chat)).toHaveAttribute("data-mode", "spliced");
  await expect(chat.answer.getByTestId("simulated").first()).toBeVisible();
  expect((await stored(server, page)).simulated).toBe(true);
});

test("wherever it is cut, the markdown around the mark is what it would have been", async ({ chat, page, server }) => {
  test.slow();
  const shape = () =>
    chat.prose.evaluate((prose) => {
      const copy = prose.cloneNode(true) as Element;
      for (const mark of copy.querySelectorAll("[data-testid=seam]")) mark.remove();
      // The last line says which model it is.
      copy.lastElementChild?.remove();
      copy.normalize();
      return [copy.textContent, ...Array.from(copy.querySelectorAll("*"), (element) => element.tagName)];
    });
  await chat.open();
  await chat.converse("a markdown sample");
  const whole = await shape();
  await expect(seams(chat)).toHaveCount(0);
  const words = (await stored(server, page)).text.split(/(?<=[ \n])/).length;
  // In a heading, a list, a table, code, and between them.
  for (let cut = 2; cut < words - 30; cut += 9) {
    const fault = await server.arm({ target: { model: "demo-swift" }, kind: "stream_cut", after_tokens: cut });
    const { message } = await server.ask("a markdown sample");
    await server.api("DELETE", `/api/debug/faults/${fault}`);
    expect(message.seams, `cut after ${cut}`).toMatchObject([{ from: "demo-swift", to: "demo-steady", mode: "spliced" }]);
    await page.goto(`/c/${message.conversation_id}`);
    await chat.ready();
    await expect(seams(chat)).toHaveCount(1);
    // The colours of code come a moment later.
    await expect.poll(shape, `cut after ${cut}`).toEqual(whole);
    await server.api("DELETE", `/api/conversations/${message.conversation_id}`);
  }
});
