import { expect, test } from "../support/test.ts";

test("a fault is armed in three clicks, counts down, counts its strikes, and is ended", async ({ chat, page, server }) => {
  await chat.open();
  await page.getByRole("link", { name: "Rehearse outages" }).click();
  await expect(page).toHaveURL("/debug");
  await expect(page).toHaveTitle("Rehearse outages · Evenkeel");
  await expect(page.getByText("No fault is armed.")).toBeVisible();

  const target = page.getByTestId("fault-form").getByRole("button", { name: "demo-swift" });
  await target.click();
  await expect(target).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByLabel("Strikes")).toHaveValue("model:demo-swift");
  const preset = page.getByRole("button", { name: "Overloaded" });
  await preset.click();
  await expect(preset).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByTestId("about")).toContainText("its circuit opens");
  await page.getByRole("button", { name: "Arm for 5 min" }).click();

  const fault = page.getByTestId("fault");
  await expect(fault).toHaveCount(1);
  await expect(fault).toContainText("demo-swift: answers with 503");
  await expect(fault).toContainText("Overloaded");
  await expect(fault).toContainText("only mine");
  await expect(fault).toContainText(/seed \d+/);
  await expect(fault).toContainText("no request struck yet");
  await expect(fault.getByRole("timer")).toHaveText(/^(5 min 00|4 min 5\d) s$/);
  const left = await fault.getByRole("timer").innerText();
  await expect(fault.getByRole("timer")).not.toHaveText(left);

  const { message } = await server.ask("hello");
  expect(message).toMatchObject({ model_name: "demo-steady", fallback: true, simulated: true });
  await expect(fault.getByTestId("fault-hits")).toHaveText("2 requests struck");

  await fault.getByRole("button", { name: "End: demo-swift" }).click();
  await expect(fault).toHaveCount(0);
  await expect(page.getByText("No fault is armed.")).toBeVisible();
  expect((await server.ask("hello")).message).toMatchObject({ model_name: "demo-swift", fallback: false });
});

test("whose requests are struck, which of them, and by which dice", async ({ chat, page, server }) => {
  await chat.open("/debug");
  await page.getByRole("button", { name: "Slow network" }).click();
  const more = page.getByText("Whose answers, and how many");
  await expect(more.locator("..")).toContainText("only mine, every request");
  await more.click();
  await page.getByRole("combobox", { name: "Whose answers" }).selectOption({ label: "Everyone's" });
  await page.getByRole("textbox", { name: "Only the first requests" }).fill("3");
  await page.getByRole("textbox", { name: "Probability" }).fill("0.5");
  await page.getByRole("textbox", { name: "Seed of the dice" }).fill("42");
  await expect(more.locator("..")).toContainText("everyone's, the first 3, with probability 0.5, seed 42");
  await page.getByRole("button", { name: "Arm for 1 min" }).click();
  const fault = page.getByTestId("fault");
  await expect(fault).toContainText("everything: answers 1.5 s ± 500 ms later");
  for (const limit of ["everyone's", "first 3 only", "probability 0.5", "seed 42"]) await expect(fault).toContainText(limit);
  expect((await server.api("GET", "/api/debug/faults")).faults).toMatchObject([
    { audience: "everyone", kind: "latency", ms: 1500, jitter_ms: 500, probability: 0.5, first_n: 3, seed: 42, ttl_s: 60 },
  ]);
  // Another preset begins anew, but for whom and how long.
  await page.getByRole("button", { name: "Unreachable" }).click();
  await expect(more.locator("..")).toContainText("everyone's, every request");
});

test("everything that is armed is halted at once, wherever it was armed", async ({ chat, page, server }) => {
  await chat.open("/debug");
  await page.getByRole("button", { name: "Everything down" }).click();
  await page.getByTestId("arm").click();
  await expect(page.getByTestId("fault")).toHaveCount(1);
  await server.arm({ target: { provider: "demo-fjord" }, kind: "no_response", first_n: 3, probability: 0.5, note: "by hand" });
  await expect(page.getByTestId("fault")).toHaveCount(2);
  const second = page.getByTestId("fault").filter({ hasText: "by hand" });
  await expect(second).toContainText("every model of demo-fjord: never answers");
  await expect(second).toContainText("probability 0.5");
  await expect(second).toContainText("first 3 only");
  await page.reload();
  await chat.connected();
  await expect(page.getByTestId("fault")).toHaveCount(2);

  await page.getByTestId("halt-all").click();
  await expect(page.getByTestId("fault")).toHaveCount(0);
  expect((await server.api("GET", "/api/debug/faults")).faults).toEqual([]);
});

test("a fault ends by itself", async ({ chat, page, server }) => {
  await chat.open("/debug");
  await page.getByRole("button", { name: "Model deleted" }).click();
  await page.getByLabel("For how many seconds").fill("3");
  await page.getByTestId("arm").click();
  await expect(page.getByTestId("fault")).toHaveCount(1);
  await expect(page.getByTestId("fault")).toHaveCount(0);
  expect((await server.ask("hello")).message).toMatchObject({ simulated: false });
});

test("what is wrong with the form is said in the form, and nothing is armed", async ({ chat, incidents, page, server }) => {
  await chat.open("/debug");
  const form = page.getByTestId("fault-form");
  const problem = form.getByRole("alert");
  const arm = form.getByTestId("arm");
  const wrong = async (label: string, value: string, sentence: string | RegExp, right: string) => {
    const field = form.getByRole("textbox", { name: label });
    await field.fill(value);
    await arm.click();
    await expect(problem).toHaveText(sentence);
    await expect(field).toHaveValue(value);
    await field.fill(right);
  };
  await wrong("Status", "200", "The status is between 400 and 599.", "503");
  await wrong("For how many seconds", "0", "The duration is between 1 and 3600 seconds.", "300");
  await wrong("For how many seconds", "soon", "The duration has to be a number.", "300");
  await page.getByText("Whose answers, and how many").click();
  await wrong("Probability, 0 to 1", "2", "The probability is between 0 and 1.", "");
  // This one only the server knows.
  incidents.expect(/400 \(Bad Request\)/);
  await wrong("Message", "x".repeat(10_001), /message: give at most 10,000 bytes/, "");
  expect((await server.api("GET", "/api/debug/faults")).faults).toEqual([]);

  await arm.click();
  await expect(page.getByTestId("fault")).toHaveCount(1);
  await expect(problem).toHaveCount(0);
});

test("the fields are those of the chosen outage", async ({ chat, page }) => {
  await chat.open("/debug");
  const form = page.getByTestId("fault-form");
  const status = form.getByRole("textbox", { name: "Status" });
  await expect(status).toBeVisible();
  await page.getByRole("button", { name: "Rate limited" }).click();
  await expect(status).toHaveValue("429");
  await expect(form.getByLabel("Retry-After")).toHaveValue("30");
  await page.getByRole("button", { name: "Cut mid-answer" }).click();
  await expect(form.getByLabel("What happens")).toHaveValue("stream_cut");
  await expect(form.getByLabel("After so many pieces")).toHaveValue("12");
  await expect(status).toHaveCount(0);
  await form.getByLabel("What happens").selectOption("connection_refused");
  await expect(form.getByLabel("After so many pieces")).toHaveCount(0);
  for (const [kind, field] of [
    ["slow_first_token", "For how many milliseconds"],
    ["latency", "Give or take"],
    ["stream_stall", "After so many pieces"],
    ["malformed_event", "After so many whole pieces"],
    ["in_band_error", "Type of the error"],
    ["drip", "Pieces a second"],
  ] as const) {
    await form.getByLabel("What happens").selectOption(kind);
    await expect(form.getByRole("textbox", { name: field })).toBeVisible();
  }
});

test("a rehearsal from the pane to the chat and back", async ({ chat, page }) => {
  await chat.open("/debug");
  await page.getByRole("button", { name: "Cut mid-answer" }).click();
  await page.getByTestId("arm").click();
  await expect(page.getByTestId("fault")).toHaveCount(1);
  await page.getByRole("link", { name: "New chat" }).click();
  await chat.ask("count to 100");
  await chat.ended("incomplete");
  await expect(chat.answer.getByTestId("simulated").first()).toBeVisible();

  await page.getByRole("link", { name: "Rehearse outages" }).click();
  await expect(page.getByTestId("fault").getByTestId("fault-hits")).toHaveText(/\d+ requests? struck/);
  await page.getByTestId("halt-all").click();
  await expect(page.getByTestId("fault")).toHaveCount(0);
  await page.goBack();
  await chat.answer.getByTestId("try-again").click();
  await chat.ended("complete");
  await expect(chat.messages).toHaveCount(2);
});
