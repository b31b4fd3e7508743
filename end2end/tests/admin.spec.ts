import { confirm, model, provider } from "../support/panel.ts";
import { expect, test } from "../support/test.ts";

test("the panel shows every provider and model, and counts live", async ({ chat, page, server }) => {
  await chat.open("/");
  await page.getByRole("link", { name: "Health" }).click();
  await expect(page).toHaveURL("/admin");
  await expect(page).toHaveTitle("Health · Evenkeel");
  await expect(page.getByTestId("health-provider")).toHaveCount(3);
  await expect(page.getByTestId("health-model")).toHaveCount(3);
  for (const row of await page.getByTestId("health-model").all()) await expect(row).toHaveAttribute("data-state", "closed");
  await expect(page.getByTestId("verdict")).toHaveText("All well.");
  await expect(model(page, "demo-swift")).toContainText("0 attempts");

  await server.ask("hello");
  await expect(model(page, "demo-swift")).toContainText("1 attempt");
  await expect(model(page, "demo-swift")).toContainText("last answer");
  await expect(model(page, "demo-steady")).toContainText("0 attempts");
});

test.describe("a provider that fails", () => {
  test.use({ chain: ["alpha", "beta"] });

  test("has its circuit opened after three turns, which shows at once; it can be held closed and reset", async ({
    chat,
    page,
    server,
    upstream,
  }) => {
    upstream("alpha").always((asked) => asked.refuse(503, "Overloaded"));
    upstream("beta").always((asked) => asked.answer("beta's answer"));
    await chat.open("/admin");
    const alpha = model(page, "alpha");
    await expect(alpha).toHaveAttribute("data-state", "closed");

    for (let turn = 1; turn <= 2; turn++) await server.ask("hello");
    await expect(alpha).toContainText("failures");
    await expect(alpha).toHaveAttribute("data-state", "closed");
    await server.ask("hello");
    await expect(alpha).toHaveAttribute("data-state", "open");
    await expect(alpha).toContainText("Resting");
    await expect(alpha).toContainText(/next probe in (5\d s|1 min 00 s)/);
    await expect(alpha).toContainText("Last failure: The provider is overloaded. (HTTP 503)");
    await expect(alpha).toContainText("Overloaded");
    await expect(alpha.getByTestId("simulated")).toHaveCount(0);
    // Its only model rests, so it does.
    await expect(provider(page, "alpha-provider")).toHaveAttribute("data-state", "open");
    await expect(model(page, "beta")).toHaveAttribute("data-state", "closed");
    await expect(page.getByTestId("verdict")).toHaveAttribute("data-status", "degraded");
    await expect(page.getByTestId("verdict")).toContainText("alpha-provider is failing with 503");

    // While it rests it is not asked.
    const { message } = await server.ask("hello");
    expect(message.attempts[0]).toMatchObject({ model_name: "alpha", state: "skipped", reason: "circuit_open" });

    await alpha.getByTestId("circuit-close").click();
    await confirm(page);
    await expect(alpha).toHaveAttribute("data-state", "closed");
    await expect(alpha).toContainText("held by hand");
    const whole = provider(page, "alpha-provider").getByTestId("circuit-reset").first();
    await whole.click();
    await confirm(page);
    await expect(provider(page, "alpha-provider")).toHaveAttribute("data-state", "closed");
    await alpha.getByTestId("circuit-reset").click();
    await confirm(page);
    await expect(alpha).not.toContainText("held by hand");
    await expect(alpha).toHaveAttribute("data-state", "closed");
    await expect(page.getByTestId("verdict")).toHaveText("All well.");

    upstream("alpha").always((asked) => asked.answer("alpha is back"));
    expect((await server.ask("hello")).message).toMatchObject({ model_name: "alpha", text: "alpha is back" });
  });
});

test.describe("a circuit that cools fast", () => {
  test.use({ chain: ["alpha", "beta"], resilience: 'circuit_threshold = 1\ncircuit_cooldown = "1s"\nretries_before_fallback = 0' });

  test("closes again when a probe is answered", async ({ chat, page, server, upstream }) => {
    await chat.open("/admin");
    const alpha = model(page, "alpha");
    const refused = server.ask("one");
    (await upstream("alpha").asked()).refuse(503, "Overloaded");
    (await upstream("beta").asked()).answer("beta's answer");
    await refused;
    await expect(alpha).toHaveAttribute("data-state", "open");
    await expect(alpha).toContainText("next probe in a moment");

    const probed = server.ask("two");
    const probe = await upstream("alpha").asked();
    await expect(alpha).toHaveAttribute("data-state", "half_open");
    await expect(alpha).toContainText("Probing");
    probe.answer("alpha is back");
    expect((await probed).message).toMatchObject({ model_name: "alpha", attempts: [{ kind: "probe", state: "answered" }] });
    await expect(alpha).toHaveAttribute("data-state", "closed");
    await expect(page.getByTestId("verdict")).toHaveText("All well.");
  });
});

for (const [end, ttl_s] of [["is ended", 60], ["expires", 4], ["is halted", 60]] as const) {
  test(`a circuit that a simulated outage opened is marked, and closes when the fault ${end}`, async ({ chat, page, server }) => {
    await chat.open("/admin");
    const fault = await server.arm({ target: { model: "demo-swift" }, kind: "connection_refused", ttl_s });
    const swift = model(page, "demo-swift");
    for (let turn = 1; turn <= 3; turn++) await server.ask("hello");
    await expect(swift).toHaveAttribute("data-state", "open");
    await expect(swift.getByTestId("simulated").first()).toBeVisible();
    if (end === "is ended") await server.api("DELETE", `/api/debug/faults/${fault}`);
    if (end === "is halted") await server.halt();
    await expect(swift).toHaveAttribute("data-state", "closed");
    await expect(swift.getByTestId("simulated")).toHaveCount(0);
    expect((await server.ask("hello")).message).toMatchObject({ model_name: "demo-swift", simulated: false });
  });
}

test("a model that is held open is not asked, and the chat says so", async ({ chat, page }) => {
  await chat.open("/admin");
  const swift = model(page, "demo-swift");
  await swift.getByTestId("circuit-open").click();
  await confirm(page);
  await expect(swift).toHaveAttribute("data-state", "open");
  await expect(swift).toContainText("Held open");
  await expect(swift).toContainText("held by hand");
  await expect(page.getByTestId("verdict")).toContainText("demo-swift is held open by an administrator");

  await page.getByRole("link", { name: "New chat" }).click();
  await chat.converse("hello");
  await expect(chat.answer).toHaveAttribute("data-model", "demo-steady");
  await expect(chat.answer.getByTestId("fallback-line")).toContainText("demo-swift could not answer (resting after failures)");
  await chat.answer.getByText("2 attempts").click();
  const skipped = chat.answer.getByTestId("attempt").first();
  await expect(skipped).toHaveAttribute("data-state", "skipped");
  await expect(skipped).toHaveAttribute("data-reason", "circuit_open");

  await page.getByRole("link", { name: "Health" }).click();
  await swift.getByTestId("circuit-reset").click();
  await confirm(page);
  await expect(swift).toHaveAttribute("data-state", "closed");
  await page.goBack();
  await chat.converse("and now?");
  await expect(chat.answer).toHaveAttribute("data-model", "demo-swift");
});

test("a whole provider can be held open", async ({ chat, page }) => {
  await chat.open("/admin");
  const lagoon = provider(page, "demo-lagoon");
  await lagoon.getByTestId("circuit-open").first().click();
  await confirm(page);
  await expect(lagoon).toHaveAttribute("data-state", "open");
  await expect(page.getByTestId("verdict")).toContainText("demo-lagoon is held open by an administrator");
  await lagoon.getByTestId("circuit-reset").first().click();
  await confirm(page);
  await expect(lagoon).toHaveAttribute("data-state", "closed");
  await expect(page.getByTestId("verdict")).toHaveText("All well.");
});

test("the panel misses no change, whatever else the server has to tell", async ({ chat, page, server }) => {
  await chat.open("/admin");
  await chat.connected();
  const steer = (id: string, action: string) => server.api("POST", `/api/admin/models/${id}/circuit`, { action });
  for (const [action, state] of [["open", "open"], ["reset", "closed"], ["open", "open"]] as const) {
    // The first is told at once, the second a moment later, and in between there is other news.
    await steer("demo-swift", action);
    await steer("demo-calm", action);
    await server.arm({ target: { model: "demo-steady" }, kind: "connection_refused" });
    await expect(model(page, "demo-swift")).toHaveAttribute("data-state", state);
    await expect(model(page, "demo-calm")).toHaveAttribute("data-state", state);
  }
});

test("the panel is up to date again after the server was away", async ({ chat, incidents, page, server }) => {
  incidents.expectOutage();
  await chat.open("/admin");
  await chat.connected();
  await model(page, "demo-swift").getByTestId("circuit-open").click();
  await confirm(page);
  await expect(model(page, "demo-swift")).toHaveAttribute("data-state", "open");
  await server.kill();
  await expect(chat.connection).toBeVisible();
  await expect(chat.connection).toContainText("Connection lost");
  await server.restart();
  await expect(chat.connection).toBeHidden();
  // What the server does not know any more is not shown any more.
  const state = (await server.api("GET", "/health/demo-swift")).circuit?.state ?? "closed";
  await expect(model(page, "demo-swift")).toHaveAttribute("data-state", state);
});
