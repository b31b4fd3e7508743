import { readFile } from "node:fs/promises";

import { model } from "../support/panel.ts";
import { expect, test } from "../support/test.ts";

test.use({ chain: ["alpha", "beta"], resilience: "retries_before_fallback = 0" });

test.beforeEach(async ({ server, upstream }) => {
  upstream("alpha").always((asked) => (asked.body.messages.at(-1).content === "fail" ? asked.refuse(429, "Slow down") : asked.answer("fine")));
  upstream("beta").always((asked) => asked.answer("beta's answer"));
  await server.ask("hello");
  await server.ask("fail");
});

test("attempts are found by what they were, and downloaded", async ({ chat, page }) => {
  await chat.open("/admin?view=log");
  const rows = page.getByTestId("log-row");
  await expect(rows).toHaveCount(3);
  await page.getByRole("combobox", { name: "State" }).selectOption("failed");
  await page.getByTestId("log-apply").click();
  await expect(page).toHaveURL("/admin?view=log&state=failed");
  await expect(rows).toHaveCount(1);
  await expect(rows).toHaveAttribute("data-reason", "quota_exhausted");
  await expect(rows).toContainText("HTTP 429");
  await expect(rows).toContainText("Slow down");

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("csv").click()]);
  const csv = await readFile(await download.path(), "utf8");
  expect(csv.trim().split("\n")).toHaveLength(2);
  expect(csv).toContain("quota_exhausted");

  // All of a request.
  await rows.getByRole("link", { name: /^Request / }).click();
  await expect(rows).toHaveCount(2);
  await page.goBack();
  await expect(rows).toHaveCount(1);
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(rows).toHaveCount(3);
  await page.getByRole("button", { name: "15 minutes" }).click();
  await expect(page).toHaveURL(/from=\d+/);
  await expect(rows).toHaveCount(3);
  await expect(page.getByRole("textbox", { name: "From" }).or(page.locator("input[name=from]")).first()).not.toHaveValue("");
});

test("from an attempt to the panel at its minute, to its conversation, and back", async ({ chat, page }) => {
  await chat.open("/admin?view=log&state=failed");
  await page.getByTestId("log-moment").click();
  await expect(page).toHaveURL(/\/admin\?model=alpha&at=\d+/);
  const details = model(page, "alpha").getByTestId("details");
  await expect(details.getByRole("button", { name: "Around the attempt" })).toHaveAttribute("aria-pressed", "true");
  await expect(details.getByTestId("chart-reading")).toContainText("1 failed");
  await details.getByRole("link", { name: "Attempts of this minute" }).click();
  await expect(page).toHaveURL(/view=log&model=alpha&from=/);
  await expect(page.locator("[data-testid=log-row][data-state=failed]")).toHaveCount(1);
  await page.goBack();
  await page.goBack();
  await expect(page).toHaveURL("/admin?view=log&state=failed");
  await page.getByTestId("log-conversation").click();
  await expect(page).toHaveURL(/\/c\/.+#message-/);
  await expect(chat.answer).toContainText("beta's answer");
});

test("the statistics say who is used, who steps in and who fails", async ({ chat, page, server }) => {
  for (let turn = 0; turn < 2; turn++) await server.ask("fail");
  await chat.open("/admin?view=statistics");
  const statistics = page.getByTestId("statistics");
  await expect(statistics).toContainText("4 requests of real traffic.");
  await expect(statistics).toContainText(/By a fallback\s*75 %/);
  const alpha = page.locator("[data-testid=usage-model][data-id=alpha]");
  await expect(alpha).toContainText("asked first 4");
  await expect(page.locator("[data-testid=usage-model][data-id=beta]")).toContainText("stepped in 3");
  await expect(page.getByTestId("failing")).toContainText("alpha: its last 3 attempts failed, mostly: rate limited.");
  await alpha.getByRole("link", { name: "3 failures" }).click();
  await expect(page.getByTestId("log-row")).toHaveCount(3);
});

test("a chart is read with the keys, and as a table", async ({ chat, page }) => {
  await chat.open("/admin");
  await model(page, "alpha").getByTestId("model-details").click();
  const chart = page.getByTestId("chart");
  await expect(page.getByTestId("chart-reading")).toContainText("In the last 15 minutes 1 attempt answered and 1 failed.");
  await expect(model(page, "alpha").locator(".spark")).toHaveAttribute("aria-label", "In the last 15 minutes 1 attempt answered and 1 failed.");
  await chart.focus();
  await chart.press("End");
  await expect(chart).toHaveAttribute("aria-valuenow", "179");
  for (let back = 0; back < 24; back++) {
    if (/answered/.test((await chart.getAttribute("aria-valuetext")) ?? "")) break;
    await chart.press("ArrowLeft");
  }
  await expect(chart).toHaveAttribute("aria-valuetext", /^\d\d:\d\d:\d\d: 1 answered/);
  await page.getByText("As a table").click();
  await expect(page.getByRole("region", { name: "The chart as a table" }).getByRole("row")).toHaveCount(16);
  await expect(page.getByTestId("details")).toContainText("rate limited");
});
