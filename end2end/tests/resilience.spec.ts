import { Chat, counted } from "../support/chat.ts";
import { expect, test } from "../support/test.ts";

test.describe("while the models of a chain fail", () => {
  test.use({ chain: ["alpha", "beta"] });

  test("retry and fallback are told as they happen, and stay on record", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("hello");
    const progress = chat.answer.getByTestId("progress");

    const first = await upstream("alpha").asked();
    await expect(progress).toHaveText("Asking alpha …");
    await expect(chat.announcer).toHaveText("Answering.");
    first.refuse(429, "Slow down, please", { "retry-after": "2" });
    await expect(progress).toHaveText(/^alpha: rate limited, trying again in [12]\.\d s \(1 of \d\)$/);

    const retry = await upstream("alpha").asked();
    await expect(progress).toHaveText(/^alpha: trying again … \(1 of \d\)$/);
    retry.refuse(503, "Overloaded");

    const fallback = await upstream("beta").asked();
    await expect(progress).toHaveText("Falling back to beta …");
    await expect(chat.announcer).toHaveText("Falling back to beta.");
    fallback.say("Beta here");
    await expect(chat.prose).toHaveText("Beta here");
    await expect(progress).toHaveCount(0);
    await expect(chat.answer).toHaveAttribute("data-model", "beta");
    await expect(chat.answer).toHaveAttribute("data-fallback", "true");
    fallback.say(", at your service.");
    fallback.end();
    await chat.ended("complete");
    await expect(chat.announcer).toHaveText("Answered by beta, because alpha could not.");

    const recorded = async () => {
      await expect(chat.prose).toHaveText("Beta here, at your service.");
      await expect(chat.answer.getByTestId("fallback-line")).toHaveText(
        /^alpha could not answer \(overloaded\) · beta stepped in · \+[2-9]\.\d s$/,
      );
      await expect(chat.answer.locator(".model").first()).toHaveText("beta");
      // The model that was chosen stays chosen.
      await expect(chat.picker).toHaveValue("alpha");
      await expect(chat.answer.getByTestId("simulated")).toHaveCount(0);

      const attempts = chat.answer.getByTestId("attempt");
      await expect(attempts.first()).toBeHidden();
      await chat.answer.getByText("3 attempts").click();
      await expect(attempts).toHaveCount(3);
      for (const [place, state, reason, model] of [
        [0, "failed", "quota_exhausted", "alpha"],
        [1, "failed", "provider_unavailable", "alpha"],
        [2, "answered", "", "beta"],
      ] as const) {
        await expect(attempts.nth(place)).toBeVisible();
        await expect(attempts.nth(place)).toHaveAttribute("data-state", state);
        await expect(attempts.nth(place)).toHaveAttribute("data-reason", reason);
        await expect(attempts.nth(place)).toContainText(model);
      }
      await expect(attempts.nth(0)).toContainText("HTTP 429");
      await expect(attempts.nth(0)).toContainText("Slow down, please");
      await expect(attempts.nth(1)).toContainText("HTTP 503");
      await expect(attempts.nth(2)).toContainText("First token after");
    };
    await recorded();
    await page.reload();
    await chat.connected();
    await recorded();
  });

  test("the next question is for the chosen model again", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("one");
    (await upstream("alpha").asked()).refuse(401, "Who are you?");
    (await upstream("beta").asked()).answer("beta's answer");
    await chat.ended("complete");
    await expect(chat.answer).toHaveAttribute("data-fallback", "true");
    // A refused key opens the circuit; until it closes, the model is not asked, and that is told, too.
    await chat.ask("two");
    (await upstream("beta").asked()).answer("beta's second answer");
    await expect(chat.prose).toHaveText("beta's second answer");
    await expect(chat.answer.getByTestId("fallback-line")).toContainText("beta stepped in");
    await chat.answer.getByText("2 attempts").click();
    await expect(chat.answer.getByTestId("attempt").first()).toHaveAttribute("data-state", "skipped");
    await expect(chat.picker).toHaveValue("alpha");
  });
});

test.describe("with little patience", () => {
  test.use({ chain: ["alpha", "beta"], resilience: 'first_token_timeout = "300ms"' });

  test("a model that says nothing is left for the next one", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("hello");
    const silent = await upstream("alpha").asked();
    (await upstream("beta").asked()).answer("beta's answer");
    await silent.over;
    await chat.ended("complete");
    await expect(chat.prose).toHaveText("beta's answer");
    await expect(chat.answer.getByTestId("fallback-line")).toContainText("alpha could not answer (no answer in time)");
  });
});

test("a simulated outage is marked wherever it shows, and is over when it is halted", async ({ chat, page, server }) => {
  await server.arm({ target: { model: "demo-swift" }, kind: "http_status", status: 503 });
  await chat.open();
  await chat.converse("count to 50");
  const marked = async () => {
    await expect(chat.answer).toHaveAttribute("data-model", "demo-steady");
    await expect(chat.answer).toHaveAttribute("data-fallback", "true");
    await expect(chat.prose.locator("p").first()).toHaveText(counted(50));
    await expect(chat.answer.getByTestId("fallback-line")).toHaveText(
      /^demo-swift could not answer \(overloaded\) · demo-steady stepped in · \+(\d\.\d s|\d\d? ms)$/,
    );
    await expect(chat.answer.getByTestId("simulated").first()).toBeVisible();
    await chat.answer.getByText("3 attempts").click();
    const simulated = chat.answer.getByTestId("attempt").filter({ has: page.getByTestId("simulated") });
    await expect(simulated).toHaveCount(2);
  };
  await marked();
  await page.reload();
  await chat.connected();
  await marked();

  await server.halt();
  await chat.converse("hello");
  await expect(chat.answer).toHaveAttribute("data-model", "demo-swift");
  await expect(chat.answer.getByTestId("fallback-line")).toHaveCount(0);
  await expect(chat.answer.getByTestId("simulated")).toHaveCount(0);
});

test("when nobody can answer, a card says why, and trying again works", async ({ chat, context, page, server }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await server.arm({ target: { model: "demo-swift" }, kind: "http_status", status: 404, message: "No such model" });
  await server.arm({ target: { model: "demo-steady" }, kind: "http_status", status: 401, message: "Bad key" });
  await server.arm({ target: { model: "demo-calm" }, kind: "connection_refused" });
  await chat.open();
  await chat.ask("an important question");
  await chat.ended("failed");

  const card = chat.answer.getByTestId("exhausted");
  const told = async (role: "alert" | "group") => {
    await expect(card).toBeVisible();
    // It is told at once when it happens, and not again to whoever comes back.
    await expect(card).toHaveAttribute("role", role);
    const rows = card.getByTestId("exhausted-model");
    await expect(rows).toHaveCount(3);
    for (const [model, reason, words] of [
      ["demo-swift", "model_not_found", /HTTP 404.*does not know this model.*No such model/s],
      ["demo-steady", "auth_error", /HTTP 401.*refused the key.*Bad key/s],
      ["demo-calm", "connection_failed", /No connection/],
    ] as const) {
      const row = card.locator(`[data-model="${model}"]`);
      await expect(row).toHaveAttribute("data-reason", reason);
      await expect(row).toHaveText(words);
      await expect(row.getByTestId("simulated")).toBeVisible();
    }
    await expect(card).toContainText("An administrator can fix this");
    await expect(card).toContainText("The provider has to recover");
    await expect(chat.questions.locator(".bubble")).toHaveText("an important question");
  };
  await told("alert");
  await expect(chat.announcer).toHaveText("Could not answer.");
  await page.reload();
  await chat.connected();
  await told("group");

  await card.getByRole("button", { name: /^Copy details/ }).click();
  await expect(card.getByRole("button", { name: "Copied" })).toBeVisible();
  const details = await page.evaluate(() => navigator.clipboard.readText());
  expect(details).toMatch(/^run: [\w-]+$/m);
  expect(details).toMatch(/^- demo-steady: auth_error HTTP 401/m);

  await server.halt();
  await card.getByTestId("try-again").click();
  await chat.ended("complete");
  // The question is not asked twice: the answer stands beside the card.
  await expect(chat.messages).toHaveCount(2);
  await expect(chat.answer.getByTestId("versions")).toHaveText("2/2");
  await expect(chat.answer).toHaveAttribute("data-model", "demo-swift");
  await expect(chat.answer).toHaveAttribute("data-fallback", "false");
  await expect(chat.prose).toContainText("an important question");
});

test("an answer that is cut keeps its text, and is never shown as whole", async ({ chat, page, server }) => {
  await server.arm({ target: "*", kind: "stream_cut", after_tokens: 5 });
  await chat.open();
  await chat.ask("count to 300");
  const cut = async () => {
    await chat.ended("incomplete");
    await expect(chat.prose).toHaveText("1 2 3 4 5");
    await expect(chat.answer.getByTestId("exhausted")).toBeVisible();
    await expect(chat.answer.locator("[data-testid=exhausted-model][data-model=demo-swift]")).toHaveAttribute(
      "data-reason",
      "stream_interrupted",
    );
    await expect(chat.questions.locator(".bubble")).toHaveText("count to 300");
  };
  await cut();
  await expect(chat.announcer).toHaveText("The answer broke off.");
  await page.reload();
  await chat.connected();
  await cut();
});

test.describe("an answer under way", () => {
  test.use({ chain: ["alpha"] });

  test("goes on in a page that is reloaded, and in every other tab", async ({ chat, context, page, upstream }) => {
    await chat.open();
    await chat.ask("count");
    const asked = await upstream("alpha").asked();
    asked.say(counted(20));
    await expect(chat.prose).toHaveText(counted(20));

    const second = new Chat(await context.newPage());
    await second.open(new URL(page.url()).pathname);
    await expect(second.prose).toHaveText(counted(20));
    await expect(second.answer).toHaveAttribute("data-status", "streaming");
    await expect(second.questions.locator(".bubble")).toHaveText("count");

    asked.say(` ${counted(40, 21)}`);
    for (const tab of [chat, second]) await expect(tab.prose).toHaveText(counted(40));
    await page.reload();
    await expect(chat.prose).toHaveText(counted(40));
    asked.say(` ${counted(60, 41)}`);
    for (const tab of [chat, second]) await expect(tab.prose).toHaveText(counted(60));
    asked.end();
    for (const tab of [chat, second]) {
      await tab.ended("complete");
      await expect(tab.prose).toHaveText(counted(60));
      await expect(tab.messages).toHaveCount(2);
    }

    // What one tab asks, the other shows.
    await second.ask("once more");
    (await upstream("alpha").asked()).answer("gladly");
    for (const tab of [chat, second]) {
      await expect(tab.messages).toHaveCount(4);
      await expect(tab.questions.last().locator(".bubble")).toHaveText("once more");
      await expect(tab.prose).toHaveText("gladly");
      await tab.ended("complete");
    }
  });

  test("loses no token and doubles none, however often the page is reloaded", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("count");
    const asked = await upstream("alpha").asked();
    let said = 0;
    const counting = setInterval(() => asked.say(`${++said} `), 5);
    for (let reload = 0; reload < 3; reload++) {
      await expect(chat.prose).toContainText(` ${said + 20} `);
      await page.reload();
      await chat.ready();
    }
    clearInterval(counting);
    asked.end();
    await chat.ended("complete");
    await expect(chat.prose).toHaveText(counted(said));
    await expect(chat.messages).toHaveCount(2);
  });

  test("can be stopped from another tab", async ({ chat, context, page, upstream }) => {
    await chat.open();
    await chat.ask("a long story");
    const asked = await upstream("alpha").asked();
    asked.say("Once");
    await expect(chat.prose).toHaveText("Once");
    const second = new Chat(await context.newPage());
    await second.open(new URL(page.url()).pathname);
    await second.connected();
    await second.stop.click();
    await asked.over;
    for (const tab of [chat, second]) {
      await tab.ended("cancelled");
      await expect(tab.prose).toHaveText("Once");
    }
  });

  test("goes on while another conversation is read", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("a slow matter");
    const asked = await upstream("alpha").asked();
    asked.say("It began here");
    await expect(chat.prose).toHaveText("It began here");
    await page.getByRole("link", { name: "New chat" }).click();
    await chat.ask("a quick matter");
    (await upstream("alpha").asked()).answer("done at once");
    await expect(chat.prose).toHaveText("done at once");

    asked.say(", and went on meanwhile.");
    await chat.conversations.filter({ hasText: "a slow matter" }).click();
    await expect(chat.prose).toHaveText("It began here, and went on meanwhile.");
    asked.end();
    await chat.ended("complete");
    await expect(chat.messages).toHaveCount(2);
  });

  test("is shown as interrupted after the server was killed, and the page finds back by itself", async ({
    chat,
    incidents,
    page,
    server,
    upstream,
  }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.ask("tell me");
    const asked = await upstream("alpha").asked();
    asked.say("What is said is ");
    await expect(chat.prose).toHaveText("What is said is");
    await expect.poll(() => server.stores("What is said is")).toBe(true);
    await page.evaluate(() => Object.assign(window, { untouched: true }));
    await chat.composer.fill("a thought meanwhile");

    await server.kill();
    await expect(chat.connection).toHaveAttribute("data-state", "waiting");
    await expect(chat.connection).toBeVisible();
    await expect(chat.connection).toContainText("Connection lost. Next try in");
    await expect(chat.prose).toHaveText("What is said is");

    await server.restart();
    await expect(chat.connection).toHaveAttribute("data-state", "open");
    await expect(chat.connection).toBeHidden();
    await chat.ended("interrupted");
    await expect(chat.prose).toHaveText("What is said is");
    await expect(chat.answer).toContainText("The server stopped while this answer was being written.");
    expect(await page.evaluate(() => "untouched" in window), "the page was not loaded anew").toBe(true);

    await expect(chat.composer).toHaveValue("a thought meanwhile");
    await chat.composer.press("Enter");
    (await upstream("alpha").asked()).answer("and it goes on.");
    await expect(chat.prose).toHaveText("and it goes on.");
    await chat.ended("complete");
  });

  test("misses nothing of what was said while the network was away", async ({ chat, context, incidents, upstream }) => {
    incidents.expect(/ERR_INTERNET_DISCONNECTED/);
    await chat.open();
    await chat.connected();
    await chat.ask("count");
    const asked = await upstream("alpha").asked();
    asked.say(counted(10));
    await expect(chat.prose).toHaveText(counted(10));

    await context.setOffline(true);
    await expect(chat.connection).toHaveAttribute("data-state", /waiting|connecting/);
    asked.say(` ${counted(20, 11)}`);
    await context.setOffline(false);
    await expect(chat.connection).toHaveAttribute("data-state", "open");
    await expect(chat.prose).toHaveText(counted(20));
    asked.say(` ${counted(30, 21)}`);
    asked.end();
    await chat.ended("complete");
    await expect(chat.prose).toHaveText(counted(30));
  });
});

test.describe("without a server", () => {
  test.use({ chain: ["alpha"] });

  test("a message waits, and is sent once when the server is back", async ({ chat, incidents, server, upstream }) => {
    incidents.expectOutage();
    await chat.open();
    await chat.connected();
    await server.kill();
    await expect(chat.connection).toHaveAttribute("data-state", "waiting");
    await chat.ask("is anybody there?");
    await expect(chat.questions).toHaveAttribute("data-status", "pending");
    await expect(chat.questions.locator(".bubble")).toHaveText("is anybody there?");

    await server.restart();
    (await upstream("alpha").asked()).answer("yes, again");
    await chat.ended("complete");
    await expect(chat.prose).toHaveText("yes, again");
    await expect(chat.questions).toHaveCount(1);
    await expect(chat.questions).toHaveAttribute("data-status", "complete");
    await expect(chat.conversations).toHaveCount(1);
  });

  test("a try can be had at once", async ({ chat, incidents, page, server }) => {
    incidents.expectOutage();
    // The pauses are as long as they can be.
    await page.addInitScript(() => {
      Math.random = () => 0.99;
    });
    await chat.open();
    await chat.connected();
    await server.kill();
    // After some tries the pauses are long: the next one would not come in time for what is expected below.
    await expect(chat.connection).toHaveText(/Next try in [4-9] s/, { timeout: 20_000 });
    await server.restart();
    await chat.connection.getByRole("button", { name: "Try now" }).click();
    await expect(chat.connection).toHaveAttribute("data-state", "open", { timeout: 1_500 });
  });
});

test("a message that the server refuses is kept, and can be edited", async ({ chat }) => {
  await chat.open();
  const tooLong = "too long ".repeat(120_000);
  await chat.ask(tooLong);
  const refused = chat.questions.getByRole("alert");
  await expect(refused).toContainText("Not sent: ");
  await expect(refused).toContainText("longer than 1 MiB");
  await refused.getByRole("button", { name: "Edit" }).click();
  await expect(chat.composer).toHaveValue(tooLong.trimEnd());
  await expect(chat.messages).toHaveCount(0);
  await chat.converse("short enough");
});
