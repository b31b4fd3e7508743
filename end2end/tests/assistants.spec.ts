// Assistants in the chat: chosen, answering with their own instructions, staying with their conversation.

import type { Page } from "@playwright/test";

import { kept } from "../support/drafts.ts";
import { expect, test } from "../support/test.ts";
import { sound } from "../support/soundness.ts";
import type { Asked } from "../support/upstream.mjs";

const ASSISTANTS = `
[[assistants]]
id = "qa"
name = "Questions and answers"
system_prompt = "Answer in one sentence."
model = "alpha"

[[assistants]]
id = "poet"
system_prompt = "Answer in verse."
model = "beta"
`;

/** What a model is told first. */
const told = (asked: Asked): string => asked.body.messages[0].content;

/** The line below the newest answer. */
const line = (page: Page) => page.locator("[data-testid=message][data-role=assistant]").last().locator(".message-foot .model");

test.use({ chain: ["alpha", "beta"], resilience: "retries_before_fallback = 0", assistants: ASSISTANTS });

test.beforeEach(({ upstream }) => {
  for (const name of ["alpha", "beta"]) upstream(name).always((asked) => asked.answer(`${name} was told: ${told(asked)}`));
});

test("one is chosen, answers with its instructions, and stays with its conversation", async ({ chat, page }) => {
  await chat.open();
  await expect(chat.picker).toHaveValue("alpha");
  const groups = await chat.picker.locator("optgroup").evaluateAll((all) => all.map((group) => (group as HTMLOptGroupElement).label));
  expect(groups.slice(0, 3)).toEqual(["Assistants", "Models · alpha-provider", "Models · beta-provider"]);
  await expect(chat.picker.locator("optgroup").first().locator("option")).toHaveText(["Questions and answers", "poet"]);
  await expect(page.getByTestId("picker-model")).toHaveCount(0);
  await expect(page.getByRole("combobox", { name: "Assistant or model" })).toBeVisible();

  await chat.picker.selectOption("qa");
  await expect(page.getByTestId("picker-model")).toHaveText("alpha");
  await sound(page);
  await chat.converse("hello");
  await expect(chat.prose).toHaveText("alpha was told: Answer in one sentence.");
  await expect(line(page)).toHaveText("Questions and answers · alpha");
  await expect(chat.answer).toHaveAttribute("data-assistant", "qa");
  await expect(page.getByTestId("fallback-line")).toHaveCount(0);
  const first = page.url();

  await page.reload();
  await chat.ready();
  await expect(chat.picker).toHaveValue("qa");
  await expect(line(page)).toHaveText("Questions and answers · alpha");
  await sound(page);

  // Another conversation is another assistant's.
  await chat.open();
  await expect(chat.picker).toHaveValue("alpha");
  await chat.picker.selectOption("poet");
  await chat.converse("hello");
  await expect(line(page)).toHaveText("poet · beta");
  await expect(chat.prose).toHaveText("beta was told: Answer in verse.");
  await chat.conversations.last().click();
  await expect(page).toHaveURL(first);
  await expect(chat.picker).toHaveValue("qa");
  await chat.converse("and now?");
  await expect(line(page)).toHaveText("Questions and answers · alpha");
  // A plain model is a plain model again.
  await chat.picker.selectOption("beta");
  await chat.converse("and you?");
  await expect(line(page)).toHaveText("beta");
  await page.reload();
  await chat.ready();
  await expect(chat.picker).toHaveValue("beta");
});

test("who was chosen is kept with what is written, and sent when the answer before is done", async ({ chat, page, upstream }) => {
  await chat.open();
  await chat.picker.selectOption("qa");
  await chat.composer.fill("half a thought");
  await kept(page, '"assistant":"qa"');
  await page.reload();
  await chat.ready();
  await expect(chat.composer).toHaveValue("half a thought");
  await expect(chat.picker).toHaveValue("qa");

  const held: Asked[] = [];
  upstream("alpha").always((asked) => held.push(asked));
  await chat.composer.press("Enter");
  await expect.poll(() => held.length).toBe(1);
  await chat.picker.selectOption("poet");
  await chat.ask("and in verse?");
  await expect(page.getByTestId("queued")).toHaveCount(1);
  held[0]?.answer("Done.");
  await expect(chat.answers).toHaveCount(2);
  await chat.ended("complete");
  await expect(line(page)).toHaveText("poet · beta");
  await page.reload();
  await chat.ready();
  await expect(chat.picker).toHaveValue("poet");
});

test("where another model steps in it is still the assistant's answer, and stays so with that model", async ({ chat, page, upstream }) => {
  upstream("alpha").always((asked) => asked.refuse(503, "Overloaded"));
  await chat.open();
  await chat.picker.selectOption("qa");
  await chat.converse("hello");
  await expect(line(page)).toHaveText("Questions and answers · beta");
  await expect(page.getByTestId("fallback-line")).toHaveText(/^alpha could not answer \(.+\) · beta stepped in/);
  await expect(chat.prose).toHaveText("beta was told: Answer in one sentence.");
  await page.getByTestId("use-from-now-on").click();
  await expect(page.getByTestId("picker-model")).toHaveText("beta ×");
  await sound(page);
  await expect(chat.picker).toHaveValue("qa");
  await kept(page, '"model":"beta"');
  await page.reload();
  await chat.ready();
  await expect(page.getByTestId("picker-model")).toHaveText("beta ×");
  await chat.converse("again");
  await expect(line(page)).toHaveText("Questions and answers · beta");
  await expect(page.getByTestId("fallback-line")).toHaveCount(1);
  await expect(chat.prose).toHaveText("beta was told: Answer in one sentence.");

  await page.getByTestId("picker-model").click();
  await expect(page.getByTestId("picker-model")).toHaveText("alpha");

  // Asked again, the first answer is the assistant's as it was asked then.
  upstream("alpha").always((asked) => asked.answer(`alpha was told: ${told(asked)}`));
  await page.getByTestId("try-asked-again").click();
  await expect(chat.answers).toHaveCount(1);
  await chat.ended("complete");
  await expect(chat.prose).toHaveText("alpha was told: Answer in one sentence.");
  await expect(line(page)).toHaveText("Questions and answers · alpha");
  // Any model answers as the assistant.
  await page.getByTestId("again-with").click();
  const menu = page.getByTestId("again-menu");
  await expect(menu.locator("[data-model]").first()).toHaveText(/^Questions and answers/);
  await menu.locator("[data-model=beta]").click();
  await expect(chat.prose).toHaveText("beta was told: Answer in one sentence.");
  await expect(line(page)).toHaveText("Questions and answers · beta");
  await expect(page.getByTestId("fallback-line")).toHaveCount(0);
});

test("another version of a question is asked of the assistant, too, and what nobody could answer is tried again", async ({ chat, page, upstream }) => {
  await chat.open();
  await chat.picker.selectOption("qa");
  await chat.converse("good day");
  await chat.questions.getByRole("button", { name: "Edit" }).click();
  await page.getByTestId("editor").fill("hello");
  await page.getByTestId("editor").press("Enter");
  await expect(chat.questions).toHaveText(/hello/);
  await chat.ended("complete");
  await expect(line(page)).toHaveText("Questions and answers · alpha");

  for (const name of ["alpha", "beta"]) upstream(name).always((asked) => asked.refuse(503, "Overloaded"));
  await chat.ask("and now?");
  await chat.ended("failed");
  await expect(chat.answer.getByTestId("exhausted-model")).toHaveCount(2);
  for (const name of ["alpha", "beta"]) upstream(name).always((asked) => asked.answer(`${name} was told: ${told(asked)}`));
  await chat.answer.getByTestId("try-again").click();
  await chat.ended("complete");
  await expect(chat.prose).toHaveText("alpha was told: Answer in one sentence.");
  await expect(line(page)).toHaveText("Questions and answers · alpha");
});

test("the forecast says who would answer for it", async ({ chat, page, server }) => {
  await server.api("POST", "/api/admin/models/alpha/circuit", { action: "open" });
  await chat.open();
  await chat.connected();
  await chat.picker.selectOption("poet");
  await expect(page.getByTestId("forecast")).toHaveText("");
  await expect(chat.picker.locator("option[value=qa]")).toHaveText("Questions and answers · alpha is resting after failures, beta would answer");
  await chat.picker.selectOption("qa");
  await expect(page.getByTestId("forecast")).toContainText("beta would answer: alpha is resting after failures");
  await sound(page, { widths: [360, 1440] });
});

test.describe("where nobody could answer", () => {
  // A refused key opens a circuit at once, and after this time the model is asked again.
  test.use({ resilience: 'circuit_cooldown = "3s"' });

  test("the question waits for the assistant, past a reload, and is then the assistant's", async ({ chat, page, upstream }) => {
    for (const name of ["alpha", "beta"]) upstream(name).always((asked) => asked.refuse(401, "Bad key"));
    await chat.open();
    await chat.connected();
    await chat.picker.selectOption("qa");
    await chat.ask("an important question");
    await chat.ended("failed");
    for (const name of ["alpha", "beta"]) upstream(name).always((asked) => asked.answer(`${name} was told: ${told(asked)}`));
    await chat.answer.getByTestId("send-when-back").click();
    await expect(chat.answer.getByTestId("waiting")).toBeVisible();
    await page.reload();
    await chat.ended("complete");
    await expect(chat.prose).toHaveText(/^(alpha|beta) was told: Answer in one sentence\.$/);
    await expect(line(page)).toHaveText(/^Questions and answers · /);
    await expect(chat.answer.getByTestId("versions")).toHaveText("2/2");
    await expect.poll(() => page.evaluate(() => localStorage.getItem("waiting"))).toBe(null);
  });
});

test.describe("beside many models", () => {
  test.use({ chain: ["alpha", "beta", ...Array.from({ length: 19 }, (_, place) => `model-${place + 1}`)], resilience: "max_attempts = 21" });

  test("one is found by its name, its id or its model, under a heading of its own", async ({ chat, page }) => {
    await chat.open();
    await page.getByRole("button", { name: "Search assistants and models" }).click();
    const dialog = page.getByTestId("model-search");
    const field = dialog.getByRole("combobox");
    await expect(field).toBeFocused();
    await expect(dialog.getByRole("group", { name: "Assistants" }).getByRole("option")).toHaveText([/^Questions and answers/, /^poet/]);
    await expect(dialog.getByRole("status")).toHaveText("2 assistants and 24 models");
    await sound(page);
    await field.fill("alpha");
    await expect(dialog.getByRole("option")).toHaveText([/^Questions and answers/, /^alpha/]);
    await field.press("ArrowDown");
    await expect(field).toHaveAttribute("aria-activedescendant", "model-1");
    await expect(dialog.getByRole("group", { name: "Models" }).locator("#model-1")).toHaveAttribute("data-here");
    await field.press("ArrowUp");
    await field.press("Enter");
    await expect(dialog).toHaveCount(0);
    await expect(chat.picker).toHaveValue("qa");
    await expect(page.getByTestId("picker-model")).toHaveText("alpha");
  });
});

test.describe("without any", () => {
  test.use({ assistants: "" });

  test("nothing says that there could be some", async ({ chat, page }) => {
    await chat.open();
    const groups = await chat.picker.locator("optgroup").evaluateAll((all) => all.map((group) => (group as HTMLOptGroupElement).label));
    expect(groups.slice(0, 2)).toEqual(["alpha-provider", "beta-provider"]);
    await expect(page.getByRole("combobox", { name: "Model", exact: true })).toBeVisible();
    await chat.converse("hello");
    await expect(line(page)).toHaveText("alpha");
    await page.goto("/admin");
    await chat.ready();
    await expect(page.getByTestId("health-provider").first()).toBeVisible();
    await expect(page.getByTestId("assistants")).toHaveCount(0);
    await page.goto("/admin?view=log");
    await chat.ready();
    await expect(page.getByRole("combobox", { name: "Model" })).toBeVisible();
    await expect(page.getByRole("combobox", { name: "Assistant" })).toHaveCount(0);
  });
});
