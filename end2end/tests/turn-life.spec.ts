// A turn belongs to the server: whatever happens to page, network and server, nothing is lost, nothing comes twice, and
// the page says how it stands.

import { type Page } from "@playwright/test";

import { Chat, counted } from "../support/chat.ts";
import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";
import { Wire } from "../support/wire.mjs";

/** A loss is told within this time. */
const TOLD_MS = 500;

/** Writes down when the connection's state changes, by the clock that this process has as well. */
async function observe(page: Page) {
  await page.evaluate(() => {
    const line = document.querySelector("[data-testid=connection]");
    const seen: [string, number][] = [];
    Object.assign(window, { seen });
    if (!line) return;
    const note = () => seen.push([line.getAttribute("data-state") ?? "", Date.now()]);
    new MutationObserver(note).observe(line, { attributes: true, attributeFilter: ["data-state"] });
  });
}

/** The states that were written down. */
const states = (page: Page) => page.evaluate(() => (window as unknown as { seen: [string, number][] }).seen.map(([state]) => state));

/** Milliseconds from then until the line said one of these. */
async function toldAfter(page: Page, since: number, states: string[]) {
  const told = await page.waitForFunction(
    ([since, states]) => {
      const { seen } = window as unknown as { seen: [string, number][] };
      return seen.find(([state, at]) => states.includes(state) && at >= since)?.[1];
    },
    [since, states] as const,
  );
  return ((await told.jsonValue()) ?? Infinity) - since;
}

test.describe("a loss is told at once", () => {
  test.use({ chain: ["alpha"] });

  test("when the server dies", async ({ chat, incidents, page, server }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.connected();
    await observe(page);
    const since = Date.now();
    await server.kill();
    expect(await toldAfter(page, since, ["waiting"])).toBeLessThan(TOLD_MS);
    await expect(chat.connection).toBeVisible();
    await expect(chat.connection).toContainText("Connection lost. Next try in");
    await sound(page);
  });

  test("when the network goes", async ({ chat, context, incidents, page }) => {
    incidents.expect(/ERR_INTERNET_DISCONNECTED/);
    await chat.open();
    await chat.connected();
    await observe(page);
    const since = Date.now();
    await context.setOffline(true);
    expect(await toldAfter(page, since, ["silent", "waiting"])).toBeLessThan(TOLD_MS);
    await expect(chat.connection).toContainText("This device is offline. Next try in");
    await context.setOffline(false);
    await expect(chat.connection).toHaveAttribute("data-state", "open");
  });

  test("when the wire dies silently while an answer comes, and no token is lost by it", async ({
    chat,
    incidents,
    page,
    server,
    upstream,
  }) => {
    incidents.expect(/WebSocket connection to .* failed/);
    const wire = await Wire.start(server.address);
    try {
      let pongs = 0;
      page.on("websocket", (socket) =>
        socket.on("framereceived", ({ payload }) => {
          if (payload === '{"type":"pong"}') pongs += 1;
        }),
      );
      await page.goto(wire.url);
      await chat.connected();
      await chat.ask("count");
      const asked = await upstream("alpha").asked();
      asked.say(counted(10));
      await expect(chat.prose).toHaveText(counted(10));
      await observe(page);
      const heard = pongs;
      // The page asks whenever it misses a word.
      await expect.poll(() => pongs - heard).toBeGreaterThan(3);
      expect(await states(page), "pauses of a model are no loss").toEqual([]);

      const since = Date.now();
      wire.cut();
      expect(await toldAfter(page, since, ["silent", "waiting"])).toBeLessThan(TOLD_MS);
      await expect(chat.connection).toContainText("The server does not answer");
      asked.say(` ${counted(20, 11)}`);

      wire.mend();
      await expect(chat.connection).toHaveAttribute("data-state", "open");
      await expect(chat.prose).toHaveText(counted(20));
      asked.end();
      await chat.ended("complete");
    } finally {
      await wire.stop();
    }
  });
});

test.describe("a message that is sent without a connection", () => {
  test.use({ chain: ["alpha"] });

  test("says that it waits, and goes once, from the page that is opened later", async ({
    chat,
    context,
    incidents,
    page,
    server,
    upstream,
  }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.connected();
    await server.kill();
    await expect(chat.connection).toHaveAttribute("data-state", "waiting");
    await chat.ask("is anybody there?");
    await expect(page.getByTestId("on-its-way")).toContainText("Waiting for the connection");
    await sound(page);
    await page.close({ runBeforeUnload: true });
    await server.restart();

    const [first, second] = [new Chat(await context.newPage()), new Chat(await context.newPage())];
    await Promise.all([first.open(), second.open()]);
    const asked = await upstream("alpha").asked();
    expect(asked.body.messages.at(-1).content).toBe("is anybody there?");
    asked.answer("yes, again");
    await expect(first.conversations).toHaveCount(1);
    await first.conversations.click();
    await expect(first.prose).toHaveText("yes, again");
    await expect(first.questions).toHaveCount(1);
    const kept = () => first.page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("unsent:")));
    await expect.poll(kept, "what has arrived is not kept").toEqual([]);
    const { conversations } = await server.api("GET", "/api/conversations");
    expect(conversations).toHaveLength(1);
  });

  test("survives a reload while the server is away", async ({ chat, incidents, page, server, upstream }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.ask("the first question");
    (await upstream("alpha").asked()).answer("the first answer");
    await chat.ended("complete");
    await server.kill();
    await expect(chat.connection).toHaveAttribute("data-state", "waiting");
    await chat.ask("the second question");
    await expect(page.getByTestId("on-its-way")).toBeVisible();
    const address = page.url();
    await page.goto("about:blank");
    await server.restart();
    await page.goto(address);
    const asked = await upstream("alpha").asked();
    expect(asked.body.messages.map((message: { content: string }) => message.content)).toEqual([
      "the first question",
      "the first answer",
      "the second question",
    ]);
    asked.answer("the second answer");
    await expect(chat.prose).toHaveText("the second answer");
    await expect(chat.messages).toHaveCount(4);
  });

  test("goes by itself where the server was just about to stop", async ({ chat, incidents, page, server, upstream }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.ask("a slow question");
    const slow = await upstream("alpha").asked();
    slow.say("It takes ");
    await expect(chat.prose).toHaveText("It takes");
    const second = new Chat(await page.context().newPage());
    await second.open();
    await second.connected();
    const ended = server.terminate();
    // It drains: what runs goes on, and nothing new is taken.
    await expect.poll(() => fetch(`${server.url}/readyz`).then((response) => response.status, () => 0)).toBe(503);
    await second.ask("a late question");
    await expect(second.questions.getByRole("alert")).toContainText("about to stop");
    slow.say("its time.");
    slow.end();
    await chat.ended("complete");
    await expect(chat.prose).toHaveText("It takes its time.");
    await ended;
    await server.restart();
    const late = await upstream("alpha").asked();
    expect(late.body.messages.at(-1).content).toBe("a late question");
    late.answer("here it is");
    await expect(second.prose).toHaveText("here it is");
    await expect(second.questions).toHaveCount(1);
  });
});

test.describe("every token comes once", () => {
  test.use({ chain: ["alpha"] });

  test("through reload, sleep, a second tab, and the loss of the network", async ({
    chat,
    context,
    incidents,
    page,
    server,
    upstream,
  }) => {
    incidents.expect(/ERR_INTERNET_DISCONNECTED/);
    await chat.open();
    await chat.ask("count");
    const asked = await upstream("alpha").asked();
    let said = 0;
    const counting = setInterval(() => asked.say(`${++said} `), 5);
    const past = async (tab: Chat) => {
      const goal = said + 20;
      await expect(tab.prose).toContainText(` ${goal} `);
    };
    await past(chat);
    const conversation = new URL(page.url()).pathname;

    const second = new Chat(await context.newPage());
    await second.open(conversation);
    await past(second);

    // Sleep: the page stands still, and everything that comes waits or is lost.
    const session = await context.newCDPSession(page);
    await page.bringToFront();
    await session.send("Page.setWebLifecycleState", { state: "frozen" });
    await past(second);
    await session.send("Page.setWebLifecycleState", { state: "active" });
    await past(chat);

    await page.reload();
    await past(chat);
    await context.setOffline(true);
    for (const tab of [chat, second]) await expect(tab.connection).toHaveAttribute("data-state", /waiting|connecting/);
    await context.setOffline(false);
    for (const tab of [chat, second]) await past(tab);

    clearInterval(counting);
    asked.end();
    for (const tab of [chat, second]) await tab.ended("complete");
    const { messages } = await server.api("GET", `/api/conversations/${conversation.split("/").at(-1)}`);
    const stored = messages.at(-1).text.trim();
    expect(stored).toBe(counted(said));
    for (const tab of [chat, second]) await expect(tab.prose).toHaveText(stored);
    const late = new Chat(await context.newPage());
    await late.open(conversation);
    await expect(late.prose).toHaveText(stored);
  });

  test("what a killed server had stored is shown as interrupted, in every tab, and can be asked again", async ({
    chat,
    context,
    incidents,
    page,
    server,
    upstream,
  }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.ask("count");
    const asked = await upstream("alpha").asked();
    asked.say(`${counted(30)} `);
    await expect(chat.prose).toHaveText(counted(30));
    const second = new Chat(await context.newPage());
    await second.open(new URL(page.url()).pathname);
    await expect(second.prose).toHaveText(counted(30));
    await expect.poll(() => server.stores(counted(30))).toBe(true);
    await server.kill();
    await server.restart();
    for (const tab of [chat, second]) {
      await tab.ended("interrupted");
      await expect(tab.prose).toHaveText(counted(30));
      await expect(tab.stop).toHaveCount(0);
    }
  });
});
