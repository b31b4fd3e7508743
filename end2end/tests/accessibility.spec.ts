import type { Page } from "@playwright/test";

import { model, setting } from "../support/panel.ts";
import { expect, test } from "../support/test.ts";
import { sound } from "../support/soundness.ts";

test.describe("axe finds nothing, and nothing is too wide:", () => {
  test("an empty chat", async ({ chat, page }) => {
    await chat.open();
    await chat.connected();
    await sound(page);
  });

  test("a conversation with markdown", async ({ chat, page }) => {
    await chat.open();
    await chat.converse("a markdown sample");
    await chat.converse(`a long word: ${"Donaudampfschifffahrtsgesellschaft".repeat(5)}`);
    await sound(page);
  });

  test.describe("with a provider that waits to be told", () => {
    test.use({ chain: ["alpha", "beta"] });

    test("a conversation in the middle of an answer", async ({ chat, page, upstream }) => {
      await chat.open();
      await chat.ask("tell me");
      const first = await upstream("alpha").asked();
      await expect(chat.answer.getByTestId("progress")).toBeVisible();
      await sound(page);

      first.refuse(404, "No such model");
      const second = await upstream("beta").asked();
      await expect(chat.answer.getByTestId("progress")).toContainText("Falling back");
      await sound(page, { widths: [360] });

      second.say("# So far\n\n- one\n- two\n\n```text\nand so");
      await expect(chat.prose.locator("pre")).toHaveText("and so");
      await sound(page);
    });

    test("a very wide answer", async ({ chat, page, upstream }) => {
      const word = "0123456789".repeat(40);
      const table = `| ${word} | b |\n|---|---|\n| ${word} | d |`;
      await chat.open();
      await chat.ask(word);
      (await upstream("alpha").asked()).answer(`${word}\n\n\`${word}\`\n\n${table}\n\n\`\`\`text\n${word}\n\`\`\`\n\n> ${word}\n\n1. ${word}`);
      await chat.ended("complete");
      await sound(page);
    });

    test("the card of an outage with long messages", async ({ chat, page, upstream }) => {
      upstream("alpha").always((asked) => asked.refuse(401, `No entry: ${"x".repeat(250)}`));
      upstream("beta").always((asked) => asked.refuse(429, "Come back later", { "retry-after": "60" }));
      await chat.open();
      await chat.ask("hello");
      await chat.ended("failed");
      await expect(chat.answer.getByTestId("exhausted-model")).toHaveCount(2);
      await sound(page);
    });

    test("without a connection", async ({ chat, incidents, page, server }) => {
      incidents.expectOutage();
      await chat.open();
      await chat.connected();
      await server.kill();
      await chat.ask("hello");
      await expect(chat.questions).toHaveAttribute("data-status", "pending");
      await expect(chat.connection).toContainText("Connection lost");
      await sound(page);
    });
  });

  test("the card of a simulated outage", async ({ chat, page, server }) => {
    await server.arm({ target: "*", kind: "connection_refused" });
    await chat.open();
    await chat.ask("hello");
    await chat.ended("failed");
    await expect(chat.answer.getByTestId("exhausted")).toBeVisible();
    await chat.answer.getByText(/\d attempts/).click();
    await sound(page);
  });

  test("an answer by another model, with its timeline open", async ({ chat, page, server }) => {
    await server.arm({ target: { model: "demo-swift" }, kind: "http_status", status: 503, message: "Overloaded" });
    await chat.open();
    await chat.converse("hello");
    await expect(chat.answer.getByTestId("fallback-line")).toBeVisible();
    await chat.answer.getByText("3 attempts").click();
    await expect(chat.answer.getByTestId("attempt")).toHaveCount(3);
    await sound(page);
  });

  test("the open drawer on a telephone", async ({ chat, page, server }) => {
    await server.ask("a conversation with quite a long title, which does not fit into the list");
    await page.setViewportSize({ width: 360, height: 740 });
    await chat.open();
    await page.getByRole("button", { name: "Conversations" }).click();
    await expect(chat.conversations).toBeInViewport();
    await expect(page.locator("#sidebar")).toHaveCSS("transform", "none");
    await sound(page, { widths: [360] });
  });

  test("the health panel with open circuits", async ({ chat, page, server }) => {
    await chat.open("/admin");
    await sound(page);
    await server.arm({ target: { model: "demo-swift" }, kind: "http_status", status: 401, message: "Bad key" });
    await server.ask("hello");
    await server.api("POST", "/api/admin/models/demo-calm/circuit", { action: "open" });
    await expect(page.locator("[data-testid=health-model][data-id=demo-swift]")).toHaveAttribute("data-state", "open");
    await expect(page.locator("[data-testid=health-model][data-id=demo-calm]")).toHaveAttribute("data-state", "open");
    await sound(page);
  });

  test.describe("with a provider that fails", () => {
    test.use({ chain: ["alpha", "beta"], resilience: "circuit_threshold = 1\nretries_before_fallback = 0" });

    test.beforeEach(async ({ server, upstream }) => {
      upstream("alpha").always((asked) => asked.refuse(401, `Incorrect API key provided: ${"x".repeat(200)}`));
      upstream("beta").always((asked) => asked.answer("beta's answer"));
      await server.ask("hello");
    });

    test("the health panel with advice, details and its dialogs", async ({ chat, page }) => {
      await chat.open("/admin?model=alpha");
      await expect(page.getByTestId("alert").first()).toBeVisible();
      await page.getByTestId("finding").first().getByText("What to do").click();
      await expect(page.getByTestId("chart-reading")).toContainText("1 failed");
      await page.getByText("As a table").click();
      await sound(page);
      await model(page, "alpha").getByTestId("circuit-open").click();
      await expect(page.getByTestId("confirm")).toContainText("No turn is running.");
      await sound(page);
      await page.keyboard.press("Escape");
      await model(page, "beta").getByTestId("test-now").click();
      await page.getByTestId("test-go").click();
      await expect(page.getByTestId("test-result")).toBeVisible();
      await sound(page);
    });

    for (const view of ["log", "statistics", "alerts", "audit", "runbook", "settings", "settings&scope=models/alpha"]) {
      test(`the health panel: ${view}`, async ({ chat, page }) => {
        await chat.open(`/admin?view=${view}`);
        await expect(page.locator(".loading")).toHaveCount(0);
        await sound(page);
      });
    }

    test("settings of a provider, with a mistake and what others have changed", async ({ chat, page, server }) => {
      await chat.open("/admin?view=settings");
      await setting(page, "resilience.circuit_threshold").getByRole("textbox").fill("many");
      await page.getByTestId("review").click();
      await expect(setting(page, "resilience.circuit_threshold").locator(".problem")).toBeVisible();
      await setting(page, "resilience.timeout").getByRole("textbox").fill("60s");
      const { revision } = await server.api("GET", "/api/admin/settings?scope=global");
      const changes = [{ scope: "global", key: "resilience.timeout", value: "30s" }];
      await server.api("PATCH", "/api/admin/settings", { revision, preview: false, changes });
      await expect(page.getByTestId("clash")).toBeVisible();
      await sound(page);
    });
  });

  test("the debug pane with armed faults and a mistake", async ({ chat, page, server }) => {
    await chat.open("/debug");
    await sound(page);
    await server.arm({ target: "*", kind: "stream_cut", after_tokens: 5, probability: 0.5, note: `a note of one ${"word".repeat(60)}` });
    await expect(page.getByTestId("fault")).toHaveCount(1);
    await page.getByRole("button", { name: "Rate limited" }).click();
    await page.getByRole("textbox", { name: "For how many seconds" }).fill("never");
    await page.getByTestId("arm").click();
    await expect(page.getByTestId("fault-form").getByRole("alert")).toBeVisible();
    await sound(page);
  });

  test("the debug pane with frames, timelines and a replay", async ({ chat, page, server }) => {
    await server.ask("a question");
    await chat.open("/debug");
    await expect(page.getByTestId("turn")).toHaveCount(1);
    await page.getByTestId("run-replay").click();
    await expect(page.getByTestId("replay-outcome")).toContainText("stepped in");
    await page.getByLabel("Which frames").selectOption("all");
    await page.getByTestId("frame").first().locator("summary").click();
    await page.getByText("Whose answers, and how many").click();
    await sound(page);
  });

  test("the chat with the pane beside it", async ({ chat, page, server }) => {
    await server.arm({ target: { model: "demo-swift" }, kind: "empty_answer" });
    await chat.open();
    await page.getByTestId("rehearse").click();
    await expect(page.getByTestId("fault")).toHaveCount(1);
    await chat.ask("hello");
    await chat.ended("complete");
    await expect(page.getByTestId("turn")).toHaveCount(1);
    await sound(page);
    await page.setViewportSize({ width: 360, height: 740 });
    await sound(page, { widths: [360] });
  });

  test("an address that leads nowhere", async ({ chat, incidents, page }) => {
    incidents.expect(/404/);
    await chat.open("/nowhere");
    await sound(page);
  });
});

/** What has the focus, by its name for assistive technology or its place. */
async function focused(page: Page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return "nothing";
    const testid = element.getAttribute("data-testid");
    if (testid && testid !== "conversation") return testid;
    return element.id || element.getAttribute("aria-label") || element.textContent?.trim() || element.tagName;
  });
}

/** Where the Tab key leads, from the beginning of the page to its end. */
async function tabOrder(page: Page) {
  const order: string[] = [];
  for (let steps = 0; steps < 40; steps++) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    if (now === "nothing" || now === order[0]) break;
    order.push(now);
  }
  return order;
}

test.describe("with the keyboard alone", () => {
  test("everything is reached in the order in which it is seen", async ({ chat, page, server }) => {
    await server.ask("an older matter");
    await chat.open();
    await chat.connected();
    expect(await tabOrder(page)).toEqual([
      "Skip to content",
      "Evenkeel",
      "fold",
      "New chat",
      "search",
      "an older matter",
      "conversation-menu",
      "Health",
      "Rehearse outages",
      "user-menu",
      "rehearse",
      "Explain a circuit breaker in three sentences",
      "Write a haiku about a calm sea",
      "Compare retries and fallbacks in a table",
      "temporary-switch",
      "scroller",
      "composer",
      "attach",
      "instructions",
      "model-picker",
      "send",
    ]);
  });

  test("the first Tab leads past the list", async ({ chat, page }) => {
    await chat.open();
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to content" });
    await expect(skip).toBeFocused();
    await expect(skip).toBeInViewport();
    await page.keyboard.press("Enter");
    await expect(page.locator("main")).toBeFocused();
    await page.keyboard.press("Tab");
    await expect(page.locator("main :focus")).toHaveCount(1);
  });

  test("a conversation is held, its timeline opened, and another one begun", async ({ chat, page, server }) => {
    await server.arm({ target: { model: "demo-swift" }, kind: "connection_refused" });
    await chat.open();
    await chat.composer.focus();
    await page.keyboard.type("hello");
    for (const next of ["attach", "instructions"]) {
      await page.keyboard.press("Tab");
      await expect(page.getByTestId(next)).toBeFocused();
    }
    await page.keyboard.press("Tab");
    await expect(chat.picker).toBeFocused();
    await page.keyboard.press("Tab");
    await expect(chat.send).toBeFocused();
    await page.keyboard.press("Enter");
    await chat.ended("complete");
    await expect(chat.composer).toBeFocused();

    const timeline = chat.answer.locator("summary");
    for (let steps = 0; steps < 10 && !(await timeline.evaluate((summary) => summary === document.activeElement)); steps++) {
      await page.keyboard.press("Shift+Tab");
    }
    await expect(timeline).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(chat.answer.getByTestId("attempt").first()).toBeVisible();
    await page.getByRole("link", { name: "New chat" }).press("Enter");
    await expect(page).toHaveURL("/");
    await expect(chat.messages).toHaveCount(0);
  });

  test("the drawer opens, keeps the focus, and gives it back", async ({ chat, page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await chat.open();
    const menu = page.getByRole("button", { name: "Conversations" });
    await menu.press("Enter");
    await expect(menu).toHaveAttribute("aria-expanded", "true");
    await expect(page.getByRole("button", { name: "Close" })).toBeFocused();
    const order = await tabOrder(page);
    expect(order).toContain("user-menu");
    expect(order).not.toContain("composer");
    await page.getByRole("button", { name: "Close" }).press("Escape");
    await expect(menu).toBeFocused();
    await expect(menu).toHaveAttribute("aria-expanded", "false");
    await expect(page.locator("#sidebar")).toBeHidden();
  });

  test("Escape closes the drawer wherever the focus is", async ({ chat, page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await chat.open();
    const menu = page.getByRole("button", { name: "Conversations" });
    await menu.click();
    await expect(page.getByRole("button", { name: "Close" })).toBeFocused();
    await expect(page.locator("#sidebar")).toHaveCSS("transform", "none");
    // An empty place of the drawer takes the focus away from its controls.
    await page.mouse.click(100, 400);
    await expect.poll(() => page.evaluate(() => document.activeElement === document.body)).toBe(true);
    await page.keyboard.press("Escape");
    await expect(page.locator("#sidebar")).toBeHidden();
    await expect(menu).toBeFocused();
  });

  test("arming a fault takes the focus from nobody", async ({ chat, page }) => {
    await chat.open("/debug");
    // The answer takes longer than a picture.
    await page.route("**/api/debug/faults", async (route) => {
      await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
      await route.continue();
    });
    await page.getByRole("button", { name: "Unreachable" }).press("Enter");
    await page.getByTestId("arm").press("Enter");
    await expect(page.getByTestId("fault")).toHaveCount(1);
    await expect(page.getByTestId("arm")).toBeFocused();
    await page.getByTestId("halt-all").press("Enter");
    await expect(page.getByTestId("fault")).toHaveCount(0);
    await expect(page.getByTestId("halt-all")).toBeFocused();
  });

  test("trying again leaves the focus in the conversation", async ({ chat, page, server }) => {
    await server.arm({ target: "*", kind: "connection_refused" });
    await chat.open();
    await chat.ask("hello");
    await chat.ended("failed");
    await server.halt();
    await chat.answer.getByTestId("try-again").press("Enter");
    await chat.ended("complete");
    await expect(chat.messages).toHaveCount(2);
    await expect(page.locator("main :focus")).toHaveCount(1);
  });

  test("the drawer closes when a conversation is chosen or the page behind it is pressed", async ({ chat, page, server }) => {
    await server.ask("an older matter");
    await page.setViewportSize({ width: 360, height: 740 });
    await chat.open();
    const sidebar = page.locator("#sidebar");
    await page.getByRole("button", { name: "Conversations" }).click();
    await chat.conversations.click();
    await expect(sidebar).toBeHidden();
    await expect(chat.questions.locator(".bubble")).toHaveText("an older matter");
    await page.getByRole("button", { name: "Conversations" }).click();
    await expect(sidebar).toBeVisible();
    await page.mouse.click(350, 400);
    await expect(sidebar).toBeHidden();
  });
});

test.describe("with a provider that waits to be told", () => {
  test.use({ chain: ["alpha"] });

  test("an answer that grows moves no focus, and is no live region", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("tell me");
    const asked = await upstream("alpha").asked();
    await page.getByTestId("user-menu").focus();
    asked.say("one ");
    await expect(chat.prose).toHaveText("one");
    asked.say("two");
    asked.end();
    await chat.ended("complete");
    await expect(page.getByTestId("user-menu")).toBeFocused();
    await expect(page.locator("[aria-live]:not([aria-live=off]), [role=status], [role=log]")).toHaveCount(1);
    await expect(page.getByTestId("messages").locator("[aria-live], [role=alert]")).toHaveCount(0);
  });

  test("nothing moves for those who want it still", async ({ chat, page, upstream }) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await chat.open();
    await chat.ask("tell me");
    await upstream("alpha").asked();
    await expect(chat.answer.getByTestId("progress")).toBeVisible();
    const moving = () => page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === "running").length);
    expect(await moving()).toBe(0);
  });
});
