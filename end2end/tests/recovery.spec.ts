import { Chat } from "../support/chat.ts";
import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";

test.describe("with a chain of two", () => {
  // A refused key opens a circuit at once, and after this time the model is asked again.
  test.use({ chain: ["alpha", "beta"], resilience: 'circuit_cooldown = "4s"' });

  const refused = async (chat: Chat, upstream: (model: string) => { asked(): Promise<{ refuse(status: number, message: string): void }> }) => {
    await chat.ask("an important question");
    (await upstream("alpha").asked()).refuse(401, "Bad key");
    (await upstream("beta").asked()).refuse(401, "Bad key, too");
    await chat.ended("failed");
  };

  test("a question waits for a model to recover, and is then sent once", async ({ chat, context, page, upstream }) => {
    await chat.open();
    await chat.connected();
    await refused(chat, upstream);
    const card = chat.answer.getByTestId("exhausted");
    await expect(card).toHaveAttribute("role", "alert");
    await expect(card.getByTestId("outlook")).toHaveText(/^Likely back first: (alpha|beta), in \d s\.$/);
    await card.getByTestId("send-when-back").click();
    await expect(card.getByTestId("waiting")).toContainText("Waiting for alpha or beta.");
    await expect(card.getByTestId("send-when-back")).toHaveText("Stop waiting");

    // It survives a reload, and a second tab knows of it without asking twice.
    await page.reload();
    await expect(card.getByTestId("waiting")).toBeVisible();
    await expect(card).toHaveAttribute("role", "group");
    const second = new Chat(await context.newPage());
    await second.open(new URL(page.url()).pathname);
    await expect(second.answer.getByTestId("waiting")).toBeVisible();

    const asked = await upstream("alpha").asked();
    expect(asked.body.messages.map((message: { content: string }) => message.content)).toEqual(["an important question"]);
    asked.answer("Here it is.");
    for (const tab of [chat, second]) {
      await expect(tab.prose).toHaveText("Here it is.");
      await tab.ended("complete");
      await expect(tab.messages).toHaveCount(2);
      await expect(tab.answer.getByTestId("versions")).toHaveText("2/2");
    }
    await expect.poll(() => page.evaluate(() => localStorage.getItem("waiting"))).toBe(null);
  });

  test("a question that waits can be taken back", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.connected();
    await refused(chat, upstream);
    const card = chat.answer.getByTestId("exhausted");
    await card.getByTestId("send-when-back").press("Enter");
    await expect(card.getByTestId("waiting")).toBeVisible();
    await expect(card.getByTestId("send-when-back")).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(card.getByTestId("waiting")).toHaveCount(0);
    expect(await page.evaluate(() => localStorage.getItem("waiting"))).toBe(null);
    await expect(card.getByTestId("outlook")).toHaveText(/would answer now\.$/);
    await expect(chat.messages).toHaveCount(2);
  });

  test("only models that would answer are offered, and more as they recover", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.connected();
    await refused(chat, upstream);
    const card = chat.answer.getByTestId("exhausted");
    await expect(card.getByTestId("outlook")).toContainText("Likely back first");
    await card.getByTestId("try-again-with").click();
    const menu = page.getByTestId("again-menu");
    await expect(menu).toBeVisible();
    // The demo would answer; of the chain nobody.
    await expect(menu.locator("[data-model=demo-swift]")).toBeVisible();
    await expect(menu.locator("[data-model=alpha], [data-model=beta]")).toHaveCount(0);
    await sound(page, { widths: [360] });
    // The menu follows what is known.
    await menu.locator("[data-model=beta]").click();
    const asked = await upstream("beta").asked();
    asked.answer("By beta.");
    await expect(chat.prose).toHaveText("By beta.");
    await chat.ended("complete");
    await expect(chat.messages).toHaveCount(2);
    await expect(chat.questions.locator(".bubble")).toHaveText("an important question");
    await expect(chat.answer.getByTestId("versions")).toHaveText("2/2");
    await chat.answer.getByRole("button", { name: "Previous version" }).click();
    await expect(card).toBeVisible();
  });

  test("the timeline shows every attempt on one axis, and what is known of each", async ({ chat, context, page, upstream }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await chat.open();
    await chat.ask("a question");
    (await upstream("alpha").asked()).refuse(401, "Who are you?");
    const asked = await upstream("beta").asked();
    asked.say("Well, ");
    await expect(chat.prose).toHaveText("Well,");
    asked.say("here.");
    asked.end();
    await chat.ended("complete");
    // The second turn spares itself what has just failed.
    await chat.ask("another");
    (await upstream("beta").asked()).answer("And here.");
    await expect(chat.prose).toHaveText("And here.");
    await chat.ended("complete");

    const shows = async () => {
      const first = chat.answers.first();
      await first.getByText("2 attempts").click();
      const attempts = first.getByTestId("attempt");
      await expect(attempts.nth(0)).toContainText(/failed \(key refused\) (after|at once)/);
      await expect(attempts.nth(1)).toContainText(/answered (after|at once)/);
      await expect(first.locator(".gantt-first")).toHaveCount(1);
      await attempts.nth(0).locator("summary").press("Enter");
      await expect(attempts.nth(0).locator("dd").filter({ hasText: "HTTP 401" })).toBeVisible();
      await expect(attempts.nth(0)).toContainText("Who are you?");
      await attempts.nth(1).locator("summary").press("Enter");
      await expect(attempts.nth(1).locator("dd").filter({ hasText: "5 in, 7 out" })).toBeVisible();
      await first.getByRole("button", { name: "Copy request id" }).click();
      const id = await page.evaluate(() => navigator.clipboard.readText());
      await expect(first.locator(".timeline-request code")).toHaveText(id);
      expect(id).toMatch(/^[\w-]{8,}$/);

      await chat.answer.getByText("2 attempts").click();
      await expect(chat.answer.getByTestId("attempt").first()).toContainText("not asked (resting after failures)");
      await expect(chat.answer.locator(".gantt-skip")).toHaveCount(1);
    };
    await shows();
    await sound(page);
    await page.reload();
    await chat.connected();
    await shows();
  });
});

test.describe("while a model is asked again", () => {
  test.use({ chain: ["alpha", "beta"] });

  test("the time until the next try runs", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("hello");
    const progress = chat.answer.getByTestId("progress");
    (await upstream("alpha").asked()).refuse(429, "Slow down", { "retry-after": "3" });
    const seen = new Set<string>();
    await expect
      .poll(async () => {
        const text = (await progress.textContent()) ?? "";
        const left = text.match(/^alpha: rate limited, trying again in (\d\.\d) s \(1 of \d\)$/)?.[1];
        if (left) seen.add(left);
        return seen.size;
      })
      .toBeGreaterThan(3);
    expect(Math.max(...[...seen].map(Number))).toBeLessThanOrEqual(3);
    await page.reload();
    await expect(progress).toContainText("alpha");
    (await upstream("alpha").asked()).answer("At last.");
    await expect(chat.prose).toHaveText("At last.");
    await chat.ended("complete");
  });
});

test("what is simulated is marked in every place", async ({ chat, page, server }) => {
  await server.arm({ target: "*", kind: "http_status", status: 401, message: "Bad key" });
  await chat.open();
  await chat.connected();
  await chat.ask("hello");
  await chat.ended("failed");
  await chat.answer.getByText(/\d attempts/).click();
  for (const attempt of await chat.answer.getByTestId("attempt").all()) {
    await expect(attempt.getByTestId("simulated")).toBeVisible();
  }
  await expect(chat.answer.locator(".exhausted-head").getByTestId("simulated")).toBeVisible();
  await sound(page);
});
