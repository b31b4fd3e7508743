// Assistants in the health panel: how both of their models do, and how many conversations try the second one.

import type { Page } from "@playwright/test";

import { confirm, setting } from "../support/panel.ts";
import { expect, test } from "../support/test.ts";
import { sound } from "../support/soundness.ts";

const ASSISTANTS = `
[[assistants]]
id = "qa"
name = "Questions and answers"
model = "alpha"
candidate = { model = "tuned", percent = 5 }
fallbacks = ["beta"]

[[assistants]]
id = "poet"
system_prompt = "Answer in verse."
model = "beta"
`;

const card = (page: Page, id: string) => page.locator(`[data-testid=health-assistant][data-id="${id}"]`);

/** A row of the table: what is said of the own model, then of the candidate. */
const row = (page: Page, id: string, name: string) =>
  card(page, id).getByRole("row").filter({ has: page.getByRole("rowheader", { name }) }).getByRole("cell");

test.use({ chain: ["alpha", "beta", "tuned"], resilience: "retries_before_fallback = 0", assistants: ASSISTANTS });

test.beforeEach(({ upstream }) => {
  for (const name of ["alpha", "beta", "tuned"]) upstream(name).always((asked) => asked.answer(`${name}'s answer`));
});

test("each says whom it asks, and how both of its models do", async ({ chat, page, server }) => {
  await chat.open("/admin");
  const qa = card(page, "qa");
  await expect(qa).toHaveAttribute("data-state", "ok");
  await expect(qa).toContainText("Answering");
  await expect(qa).toContainText("Asks alpha, then beta");
  await expect(qa.getByRole("columnheader")).toHaveText(["alpha", "tuned candidate"]);
  await expect(row(page, "qa", "Conversations")).toHaveText(["95 %", "5 %"]);
  await expect(row(page, "qa", "Turns")).toHaveText(["0", "0"]);
  await expect(row(page, "qa", "p95")).toHaveText(["–", "–"]);
  await expect(card(page, "poet").getByRole("columnheader")).toHaveText(["beta"]);
  await expect(card(page, "poet").getByTestId("rollout")).toHaveCount(0);

  await server.api("POST", "/api/admin/assistants/qa/rollout", { percent: 100 });
  await expect(row(page, "qa", "Conversations")).toHaveText(["0 %", "100 %"]);
  await server.ask("hello", { assistant: "qa" });
  await expect(row(page, "qa", "Turns")).toHaveText(["0", "1"]);
  await expect(row(page, "qa", "Answered")).toHaveText(["–", "100 %"]);
  await server.ask("hello", { assistant: "poet" });
  await expect(row(page, "poet", "Turns")).toHaveText(["1"]);
  await sound(page);
});

test("the rollout is reduced to 0 % once that is confirmed, stands in the audit log, and is taken back there", async ({ chat, page, server }) => {
  await chat.open("/admin");
  const rollout = card(page, "qa").getByTestId("rollout");
  await expect(rollout.getByTestId("rollout-percent")).toHaveValue("5");
  await rollout.getByRole("button", { name: "0 %", exact: true }).click();
  const dialog = page.getByTestId("confirm");
  await expect(dialog).toContainText("Let 0 % of the conversations of Questions and answers try tuned?");
  const chain = dialog.locator("[data-testid=chain-effect][data-model=qa]");
  await expect(chain).toContainText("tuned → alpha → beta");
  await sound(page, { widths: [360, 1440] });
  await page.getByTestId("confirm-cancel").click();
  await expect(row(page, "qa", "Conversations")).toHaveText(["95 %", "5 %"]);

  await rollout.getByRole("button", { name: "0 %", exact: true }).click();
  await confirm(page);
  await expect(row(page, "qa", "Conversations")).toHaveText(["100 %", "0 %"]);
  await expect(rollout.getByTestId("rollout-percent")).toHaveValue("0");
  await expect(rollout.getByTestId("rollout-slider")).toHaveValue("0");
  for (let turn = 0; turn < 5; turn++) expect((await server.ask("hello", { assistant: "qa" })).message.model_name).toBe("alpha");

  await page.getByRole("link", { name: "Audit" }).click();
  const entry = page.getByTestId("audit-entry").first();
  await expect(entry).toContainText("changed candidate.percent of assistant qa from 5 to 0");
  await entry.getByTestId("audit-revert").click();
  await confirm(page);
  await expect(page.getByTestId("audit-entry").first()).toContainText("from 0 to 5");
  await page.getByRole("link", { name: "Overview" }).click();
  await expect(row(page, "qa", "Conversations")).toHaveText(["95 %", "5 %"]);
});

test("any share is set with the slider or as a number, and what is none is said at its field", async ({ chat, page, server }) => {
  await chat.open("/admin");
  const rollout = card(page, "qa").getByTestId("rollout");
  const [slider, field, go] = [rollout.getByTestId("rollout-slider"), rollout.getByTestId("rollout-percent"), rollout.getByTestId("rollout-go")];
  await slider.focus();
  await slider.press("End");
  await expect(field).toHaveValue("100");
  await go.click();
  await expect(page.getByTestId("confirm")).toContainText("Let 100 % of the conversations");
  await confirm(page);
  await expect(row(page, "qa", "Conversations")).toHaveText(["0 %", "100 %"]);
  expect((await server.ask("hello", { assistant: "qa" })).message.model_name).toBe("tuned");

  await field.fill("many");
  await field.press("Enter");
  await expect(rollout.locator(".problem")).toHaveText("This is to be a number from 0 to 100.");
  await expect(field).toBeFocused();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await sound(page, { widths: [360] });
  await field.fill("12,5");
  await expect(rollout.locator(".problem")).toHaveCount(0);
  await field.press("Enter");
  await confirm(page);
  await expect(row(page, "qa", "Conversations")).toHaveText(["87.5 %", "12.5 %"]);
  await expect(field).toHaveValue("12.5");
});

test("the candidate and the fallbacks are switched off and on", async ({ chat, page, server, upstream }) => {
  await server.api("POST", "/api/admin/assistants/qa/rollout", { percent: 100 });
  await chat.open("/admin");
  const [candidate, fallback] = [card(page, "qa").getByTestId("use-candidate"), card(page, "qa").getByTestId("use-fallback")];
  await expect(candidate).toHaveAttribute("aria-checked", "true");
  await candidate.click();
  await expect(page.getByTestId("confirm")).toContainText("Let Questions and answers try tuned no longer?");
  await confirm(page);
  await expect(candidate).toHaveAttribute("aria-checked", "false");
  await expect(row(page, "qa", "Conversations")).toHaveText(["100 %", "0 %"]);
  expect((await server.ask("hello", { assistant: "qa" })).message.model_name).toBe("alpha");

  await expect(fallback).toHaveAttribute("aria-checked", "true");
  await fallback.click();
  await expect(page.getByTestId("confirm")).toContainText("Let nobody step in for Questions and answers?");
  await confirm(page);
  await expect(fallback).toHaveAttribute("aria-checked", "false");
  await expect(card(page, "qa")).toContainText("Asks alpha; nobody may step in.");
  upstream("alpha").always((asked) => asked.refuse(503, "Overloaded"));
  expect(await server.ask("hello", { assistant: "qa" })).toMatchObject({ code: "AGENT_FALLBACK_EXHAUSTED" });
  await fallback.click();
  await expect(page.getByTestId("confirm")).toContainText("Let other models step in for Questions and answers?");
  await confirm(page);
  expect((await server.ask("hello", { assistant: "qa" })).message.model_name).toBe("beta");
  await expect(row(page, "qa", "By a fallback").first()).toHaveText("33 %");
});

test("its settings have a page of their own", async ({ chat, page }) => {
  await chat.open("/admin");
  await card(page, "qa").getByRole("link", { name: "Settings" }).click();
  await expect(page).toHaveURL("/admin?view=settings&scope=assistants/qa");
  await expect(page.getByTestId("scope")).toHaveValue("assistants/qa");
  await expect(setting(page, "candidate.percent").getByRole("textbox")).toHaveValue("5");
  await expect(setting(page, "use_candidate").getByRole("switch")).toHaveAttribute("aria-checked", "true");
  await expect(setting(page, "fallbacks").getByTestId("list-item")).toHaveCount(1);
  await setting(page, "candidate.percent").getByRole("textbox").fill("101");
  await sound(page);
  await page.getByTestId("scope").selectOption("assistants/poet");
  await expect(setting(page, "use_fallback")).toBeVisible();
  await expect(setting(page, "candidate.percent")).toHaveCount(0);
});

test("its attempts are found in the log", async ({ chat, page, server }) => {
  await server.ask("hello", { assistant: "poet" });
  await server.ask("hello");
  await chat.open("/admin?view=log");
  const rows = page.getByTestId("log-row");
  await expect(rows).toHaveCount(2);
  await page.getByRole("combobox", { name: "Assistant" }).selectOption("poet");
  await page.getByTestId("log-apply").click();
  await expect(page).toHaveURL("/admin?view=log&assistant=poet");
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("assistant poet");
  await sound(page, { widths: [360, 1440] });
  await chat.open("/admin");
  await card(page, "poet").getByRole("link", { name: "Attempts" }).click();
  await expect(rows).toHaveCount(1);
});

test.describe("a candidate that fails", () => {
  test.use({ resilience: "retries_before_fallback = 0\ncircuit_threshold = 1" });

  test("is taken out where the finding says so, as the runbook has it", async ({ chat, page, server, upstream }) => {
    upstream("tuned").always((asked) => asked.refuse(503, "Overloaded"));
    await server.api("POST", "/api/admin/assistants/qa/rollout", { percent: 100 });
    expect((await server.ask("hello", { assistant: "qa" })).message).toMatchObject({ model_name: "alpha", fallback: true });
    await chat.open("/admin?view=runbook");
    await page.getByTestId("runbook-step").filter({ hasText: "Reduce the rollout to 0 %" }).getByRole("link").click();
    await expect(page).toHaveURL("/admin?part=assistants");
    await expect(page.getByTestId("assistants")).toBeInViewport();
    await expect(row(page, "qa", "By a fallback")).toHaveText(["–", "100 %"]);
    const finding = page.getByTestId("finding").first();
    await finding.getByText("What to do").click();
    await expect(finding).toContainText("100 % of the conversations of Questions and answers try tuned.");
    await finding.getByRole("button", { name: "Reduce Questions and answers to 0 %" }).click();
    await confirm(page);
    await expect(row(page, "qa", "Conversations")).toHaveText(["100 %", "0 %"]);
    await expect(finding.getByRole("button", { name: /^Reduce/ })).toHaveCount(0);
    expect((await server.ask("hello", { assistant: "qa" })).message).toMatchObject({ model_name: "alpha", fallback: false });
  });
});
