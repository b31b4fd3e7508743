// The headings of the runbooks, walked through: found, understood and mended in the panel alone.

import { confirm, model, provider, save, setting } from "../support/panel.ts";
import { expect, test } from "../support/test.ts";

test.use({ chain: ["alpha", "beta"], resilience: 'retries_before_fallback = 0\ncircuit_threshold = 1\ntimeout = "3s"\nfirst_token_timeout = "1s"' });

test.beforeEach(({ upstream }) => {
  upstream("beta").always((asked) => asked.answer("beta's answer"));
});

test("401: the key is replaced, after a test of it", async ({ chat, incidents, page, server, upstream }) => {
  incidents.expect(/422/);
  const good = "sk-good-0123456789abcdef";
  upstream("alpha").always((asked) => (asked.key === good ? asked.answer("alpha is back") : asked.refuse(401, "Incorrect API key")));
  await server.ask("hello");
  await chat.open("/admin");
  await expect(page.getByTestId("verdict")).toHaveText(/^alpha-provider is failing with 401 since [\d:]+; 1 answer was saved by beta\.$/);
  const finding = page.getByTestId("finding");
  await expect(finding).toHaveCount(1);
  await finding.getByText("What to do").click();
  await finding.getByRole("link", { name: "Replace the key" }).click();
  await expect(page).toHaveURL("/admin?view=settings&scope=providers/alpha-provider&key=key");
  const field = page.getByLabel("Another key");
  await expect(field).toBeFocused();
  await field.fill("sk-wrong-0123456789abcdef");
  await page.getByTestId("key-go").click();
  await expect(page.getByTestId("key-refused")).toContainText("The old key stays in use.");
  await expect(page.getByTestId("key-refused")).not.toContainText("sk-wrong");
  await field.fill(good);
  await page.getByTestId("key-go").click();
  await expect(page.getByTestId("key-taken")).toContainText("It is in use from now on.");
  await expect(field).toHaveValue("");
  await expect(page.locator("body")).not.toContainText(good);

  await page.getByRole("link", { name: "Overview" }).click();
  await model(page, "alpha").getByTestId("circuit-reset").click();
  await confirm(page);
  await provider(page, "alpha-provider").getByTestId("circuit-reset").first().click();
  await confirm(page);
  expect((await server.ask("hello")).message.text).toBe("alpha is back");
  await expect(page.getByTestId("verdict")).toHaveText("All well.");
  await expect(page.getByTestId("finding")).toHaveCount(0);
});

test("429: the base delay is raised, and another provider asked first", async ({ chat, page, server, upstream }) => {
  upstream("alpha").always((asked) => asked.refuse(429, "Rate limit exceeded"));
  await server.ask("hello");
  await server.ask("hello");
  await server.ask("hello");
  await chat.open("/admin");
  await page.getByTestId("finding").first().getByText("What to do").click();
  await page.getByRole("link", { name: "Raise the base delay" }).click();
  const delay = setting(page, "resilience.retry_base_delay");
  await expect(delay.getByRole("textbox")).toBeFocused();
  await delay.getByRole("textbox").fill("2s");
  await save(page);
  await expect(delay.getByTestId("live")).toBeVisible();
  await page.goBack();
  await page.getByTestId("finding").first().getByText("What to do").click();
  await page.getByRole("link", { name: "Change the order" }).click();
  const order = setting(page, "resilience.provider_order");
  await order.getByRole("combobox", { name: "Add to the end" }).selectOption("beta-provider");
  for (let place = 0; place < 10; place++) {
    const up = order.getByRole("button", { name: "Move beta-provider up" });
    if ((await up.getAttribute("aria-disabled")) === "true") break;
    await up.click();
  }
  await save(page);
  await expect(order.getByTestId("list-item").first()).toHaveAttribute("data-id", "beta-provider");
});

test("404: the chain leads past the model that is gone", async ({ chat, page, server, upstream }) => {
  upstream("alpha").always((asked) => asked.refuse(404, "The model `alpha-upstream` does not exist"));
  for (let turn = 0; turn < 3; turn++) await server.ask("hello");
  await chat.open("/admin?view=log&reason=model_not_found");
  await expect(page.getByTestId("log-row").first()).toContainText("does not exist");
  await page.getByRole("link", { name: "Overview" }).click();
  await model(page, "alpha").getByTestId("test-now").click();
  await page.getByTestId("test-go").click();
  await expect(page.getByTestId("test-result")).toContainText("model not found");
  await page.keyboard.press("Escape");
  await model(page, "alpha").getByTestId("model-details").click();
  await model(page, "alpha").getByRole("link", { name: "Its chain and settings" }).click();
  await expect(setting(page, "fallbacks").getByTestId("list-item")).toHaveCount(1);
});

test("a timeout is raised", async ({ chat, page, server, upstream }) => {
  upstream("alpha").always(() => {});
  await server.ask("hello");
  await chat.open("/admin");
  await expect(model(page, "alpha")).toHaveAttribute("data-state", "open");
  await page.getByTestId("finding").first().getByText("What to do").click();
  await expect(page.getByTestId("finding").first()).toContainText("is too slow");
  await page.getByRole("link", { name: "Raise the timeout" }).click();
  const timeout = setting(page, "resilience.timeout");
  await timeout.getByRole("textbox").fill("90s");
  await save(page);
  await expect(timeout).toContainText("without it: 3s");
});

test("a circuit that stays open is reset, or its cooldown shortened", async ({ chat, page, server, upstream }) => {
  upstream("alpha").always((asked) => asked.refuse(503, "Overloaded"));
  await server.ask("hello");
  await chat.open("/admin");
  await expect(model(page, "alpha")).toContainText("next probe in");
  upstream("alpha").always((asked) => asked.answer("alpha is back"));
  await page.getByTestId("finding").first().getByText("What to do").click();
  await page.getByRole("link", { name: "Change the cooldown" }).click();
  await setting(page, "resilience.circuit_cooldown").getByRole("textbox").fill("1s");
  await save(page);
  await page.goBack();
  await page.getByTestId("finding").first().getByText("What to do").click();
  await page.getByTestId("finding").first().getByRole("button", { name: "Reset its circuit" }).click();
  await confirm(page);
  await expect.poll(async () => (await server.ask("hello")).message.text).toBe("alpha is back");
  await expect(model(page, "alpha")).toHaveAttribute("data-state", "closed");
});

test("all providers fail: an alert says so, the log says why", async ({ chat, page, server, upstream }) => {
  for (const name of ["alpha", "beta"]) upstream(name).always((asked) => asked.refuse(503, `${name} is overloaded`));
  await chat.open("/admin");
  await server.ask("hello");
  await expect(page.locator("[data-testid=alert][data-rule=exhausted]")).toHaveAttribute("data-state", "firing");
  await expect(page.getByTestId("turns")).toContainText(/Exhausted\s*100 %/);
  await page.getByRole("link", { name: "Alerts" }).click();
  await expect(page.getByTestId("rule").first()).toBeVisible();
  await page.getByRole("link", { name: "See the failed attempts" }).click();
  await expect(page.getByTestId("log-row").first()).toContainText("is overloaded");
});

test("every step of the runbooks leads to where it is done", async ({ chat, incidents, page }) => {
  // A page is left while it is still fetching.
  incidents.expect(/ERR_ABORTED/);
  await chat.open("/admin?view=runbook");
  const steps = page.getByTestId("runbook-step").getByRole("link");
  const addresses = await steps.evaluateAll((links) => [...new Set(links.map((link) => link.getAttribute("href") ?? ""))]);
  expect(addresses.length).toBeGreaterThan(10);
  for (const address of addresses) {
    const key = new URLSearchParams(address.split("?")[1]).get("key");
    await page.goto(address);
    await chat.ready();
    if (key) await expect(setting(page, key)).toBeVisible();
    else await expect(page.locator(".panel-tab[aria-current=page]")).toBeVisible();
  }
});
