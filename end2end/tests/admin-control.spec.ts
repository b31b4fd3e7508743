import { confirm, model, provider, save, setting } from "../support/panel.ts";
import { expect, test } from "../support/test.ts";
import type { Asked } from "../support/upstream.mjs";

test.describe("with three providers", () => {
  test.use({ chain: ["alpha", "beta", "gamma"] });

  test.beforeEach(({ upstream }) => {
    for (const name of ["alpha", "beta", "gamma"]) upstream(name).always((asked) => asked.answer(`${name}'s answer`));
  });

  test("a change says what it touches before it is made, and nothing happens without a yes", async ({ chat, page, server, upstream }) => {
    await chat.open("/admin");
    await model(page, "alpha").getByTestId("circuit-open").click();
    const dialog = page.getByTestId("confirm");
    await expect(dialog).toContainText("Hold alpha open?");
    await expect(dialog).toContainText("No turn is running.");
    const chain = dialog.locator("[data-testid=chain-effect][data-model=alpha]");
    await expect(chain).toContainText("alpha → beta → gamma");
    await expect(chain).toContainText("becomes beta → gamma");
    await page.getByTestId("confirm-cancel").click();
    await expect(dialog).toHaveCount(0);
    await expect(model(page, "alpha").getByTestId("circuit-open")).toBeFocused();
    await expect(model(page, "alpha")).toHaveAttribute("data-state", "closed");

    const held: Asked[] = [];
    upstream("alpha").always((asked) => held.push(asked));
    const running = server.ask("slow");
    await expect(model(page, "alpha")).toContainText(/In flight\s*1/);
    await model(page, "alpha").getByTestId("circuit-open").click();
    await expect(dialog).toContainText("1 turn is running; it keeps what it began with.");
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    held.forEach((asked) => asked.answer("at last"));
    expect((await running).message).toMatchObject({ model_name: "alpha", text: "at last" });
  });

  test("a provider is disabled and enabled", async ({ chat, page, server }) => {
    await chat.open("/admin");
    const alpha = provider(page, "alpha-provider");
    await alpha.getByTestId("provider-enabled").click();
    await expect(page.getByTestId("confirm")).toContainText("Disable alpha-provider?");
    await confirm(page);
    await expect(alpha).toContainText("disabled");
    expect((await server.ask("hello", { model: "beta" })).message.model_name).toBe("beta");
    await alpha.getByTestId("provider-enabled").click();
    await confirm(page);
    await expect(alpha).not.toContainText("disabled");
    expect((await server.ask("hello", { model: "alpha" })).message.model_name).toBe("alpha");
  });

  test("a chain is put into another order with the buttons and by dragging, and holds for the next turn", async ({ chat, page, server, upstream }) => {
    await chat.open("/admin?view=settings&scope=models/alpha");
    const fallbacks = setting(page, "fallbacks");
    const order = () => fallbacks.getByTestId("list-item").evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset.id));
    await expect.poll(order).toEqual(["beta", "gamma"]);

    await fallbacks.getByRole("button", { name: "Move gamma up" }).click();
    await expect.poll(order).toEqual(["gamma", "beta"]);
    await expect(fallbacks.getByRole("button", { name: "Move gamma down" })).toBeFocused();
    await expect(fallbacks.getByRole("status")).toHaveText("gamma is now number 1 of 2");
    await page.getByTestId("review").click();
    await expect(page.locator("[data-testid=chain-effect][data-model=alpha]")).toContainText("becomes alpha → gamma → beta");
    await confirm(page);
    await expect(fallbacks.getByTestId("live")).toBeVisible();
    await expect(page.getByTestId("review")).toHaveCount(0);
    upstream("alpha").always((asked) => asked.refuse(401, "No"));
    expect((await server.ask("hello")).message.model_name).toBe("gamma");

    const [from, to] = [fallbacks.getByTestId("drag").nth(1), fallbacks.getByTestId("list-item").first()];
    const [start, end] = [await from.boundingBox(), await to.boundingBox()];
    if (!start || !end) throw new Error("the list is not there");
    await page.mouse.move(start.x + 8, start.y + 8);
    await page.mouse.down();
    await page.mouse.move(end.x + 8, end.y + 8, { steps: 5 });
    await page.mouse.up();
    await expect.poll(order).toEqual(["beta", "gamma"]);
    // It is what the file says, but a live change all the same.
    await save(page);
    await expect.poll(async () => (await server.ask("hello")).message.model_name).toBe("beta");

    await fallbacks.getByTestId("give-back").click();
    await confirm(page);
    await expect(fallbacks.getByTestId("live")).toHaveCount(0);
  });

  test("a change is replayed over the last hours before it is made", async ({ chat, page, server, upstream }) => {
    upstream("alpha").always((asked) => asked.refuse(401, "No"));
    for (let turn = 0; turn < 3; turn++) await server.ask("hello");
    // The log is written a moment later.
    const replayed = async () => (await server.api("POST", "/api/admin/dry-run", { changes: [] })).happened.turns.turns;
    await expect.poll(replayed).toBe(3);
    await chat.open("/admin?view=settings&scope=models/alpha");
    await setting(page, "fallbacks").getByRole("button", { name: "Move gamma up" }).click();
    await page.getByTestId("review").click();
    const whatIf = page.getByTestId("what-if");
    await whatIf.getByRole("button").click();
    const row = (name: string) => whatIf.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) }).getByRole("cell");
    await expect(row("Answered").first()).toHaveText("100 %");
    await expect(row("By a fallback")).toHaveText(["100 %", "100 %", "100 %"]);
    await expect(row("Exhausted").last()).toHaveText("0 %");
    await page.getByTestId("confirm-cancel").click();
    await expect(page.getByTestId("confirm")).toHaveCount(0);
  });

  test("what is wrong is said at its field, and the reader is taken there", async ({ chat, incidents, page }) => {
    incidents.expect(/400/);
    await chat.open("/admin?view=settings");
    const timeout = setting(page, "resilience.timeout");
    const threshold = setting(page, "resilience.circuit_threshold");
    await timeout.getByRole("textbox").fill("45 parrots");
    await page.getByTestId("review").click();
    await expect(timeout.locator(".problem")).toBeVisible();
    await expect(timeout.getByRole("textbox")).toBeFocused();
    await expect(timeout.getByRole("textbox")).toHaveAttribute("aria-invalid", "true");
    await threshold.getByRole("textbox").fill("many");
    await timeout.getByRole("textbox").fill("90s");
    await page.getByTestId("review").click();
    await expect(threshold.locator(".problem")).toHaveText("This is to be a whole number.");
    await threshold.getByRole("textbox").fill("5");
    await save(page);
    await expect(timeout.getByTestId("live")).toBeVisible();
    await expect(timeout).toContainText("without it: 45s");
    await expect(threshold.getByRole("textbox")).toHaveValue("5");
  });

  test("who is second is told what the first has changed, and chooses", async ({ chat, incidents, page, server }) => {
    incidents.expect(/409/);
    await chat.open("/admin?view=settings");
    await chat.connected();
    const timeout = setting(page, "resilience.timeout");
    await timeout.getByRole("textbox").fill("60s");
    const elsewhere = async (key: string, value: unknown) => {
      const { revision } = await server.api("GET", "/api/admin/settings?scope=global");
      await server.api("PATCH", "/api/admin/settings", { revision, preview: false, changes: [{ scope: "global", key, value }] });
    };
    await elsewhere("resilience.timeout", "30s");
    const clash = timeout.getByTestId("clash");
    await expect(clash).toContainText("Now: 30s · yours: 60s");
    await expect(clash).toContainText("changed resilience.timeout");
    // What is being typed stays.
    await expect(timeout.getByRole("textbox")).toHaveValue("60s");
    await clash.getByRole("button", { name: "Take theirs" }).click();
    await expect(timeout.getByRole("textbox")).toHaveValue("30s");
    await expect(clash).toHaveCount(0);

    // The change comes while the question is open.
    await timeout.getByRole("textbox").fill("61s");
    await page.getByTestId("review").click();
    await expect(page.getByTestId("confirm")).toContainText("No turn is running.");
    await elsewhere("resilience.timeout", "31s");
    await page.getByTestId("confirm-go").click();
    await expect(page.getByTestId("meanwhile")).toContainText("from 30s to 31s");
    await page.getByTestId("confirm-anyway").click();
    await expect(page.getByTestId("meanwhile")).toHaveCount(0);
    await confirm(page);
    await expect(timeout.getByRole("textbox")).toHaveValue("61s");
    expect((await server.api("GET", "/api/admin/audit")).entries[0]).toMatchObject({ key: "resilience.timeout", after: "61s" });
  });

  test("a change stands in the audit log, and is taken back there", async ({ chat, page }) => {
    await chat.open("/admin?view=settings&key=resilience.circuit_cooldown");
    const cooldown = setting(page, "resilience.circuit_cooldown");
    await expect(cooldown.getByRole("textbox")).toBeFocused();
    await cooldown.getByRole("textbox").fill("30s");
    await save(page);
    await page.getByRole("link", { name: "Audit" }).click();
    await expect(page).toHaveURL("/admin?view=audit");
    const entry = page.getByTestId("audit-entry").first();
    await expect(entry).toContainText("changed resilience.circuit_cooldown of everything from 60s to 30s");
    await entry.getByTestId("audit-revert").click();
    await confirm(page);
    await expect(page.getByTestId("audit-entry").first()).toContainText("from 30s to 60s");
    await page.goBack();
    await expect(cooldown.getByRole("textbox")).toHaveValue("60s");
  });

  test("a model is tested: what it costs comes first, then what came of it", async ({ chat, page, upstream }) => {
    await chat.open("/admin");
    await model(page, "beta").getByTestId("test-now").click();
    const dialog = page.getByTestId("test");
    await expect(dialog.getByTestId("test-plan")).toContainText("Cost");
    await dialog.getByTestId("test-go").click();
    await expect(dialog.getByTestId("test-result")).toHaveAttribute("data-state", "answered");
    await expect(dialog.getByTestId("test-result")).toContainText("beta's answer");
    upstream("beta").always((asked) => asked.refuse(404, "No such model"));
    await dialog.getByTestId("test-go").click();
    await expect(dialog.getByTestId("test-result")).toHaveAttribute("data-state", "failed");
    await expect(dialog.getByTestId("test-result")).toContainText("model not found");
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await expect(dialog).toHaveCount(0);
  });

  test("the limit of an alert is changed", async ({ chat, page }) => {
    await chat.open("/admin?view=alerts");
    const rule = page.locator("[data-testid=rule][data-rule=fallback_rate]");
    await expect(rule).toContainText("over 10 %");
    await setting(page, "alerts.fallback_rate").getByRole("textbox").fill("12.5");
    await save(page);
    await expect(rule).toContainText("over 12.5 %");
    await expect(setting(page, "alerts.fallback_rate").getByTestId("live")).toBeVisible();
  });

  test("news change nothing in a field that is being typed in, and move no focus", async ({ chat, page, server }) => {
    await chat.open("/admin?view=settings&scope=providers/alpha-provider");
    await chat.connected();
    const timeout = setting(page, "resilience.timeout").getByRole("textbox");
    await timeout.fill("12");
    for (let turn = 0; turn < 3; turn++) await server.ask("hello");
    await server.api("POST", "/api/admin/models/gamma/circuit", { action: "open" });
    await expect(page.getByTestId("verdict")).toContainText("gamma");
    await expect(timeout).toBeFocused();
    await timeout.press("3");
    await expect(timeout).toHaveValue("123");
  });
});
