// What a tester sees while rehearsing: the frames as they pass, the timelines, the pane beside the chat, and replays.

import { expect, test } from "../support/test.ts";

test.describe("the pane beside the chat", () => {
  test("arms and chats at once, and leaves the composer free", async ({ chat, page }) => {
    await page.setViewportSize({ width: 1440, height: 900 });
    await chat.open();
    await page.getByTestId("rehearse").click();
    const pane = page.getByTestId("rehearsal");
    await expect(pane.getByRole("heading", { name: "Rehearse outages" })).toBeFocused();
    await pane.getByRole("button", { name: "demo-swift" }).click();
    await pane.getByRole("button", { name: "Overloaded" }).click();
    await pane.getByRole("button", { name: "Arm for 1 min" }).click();
    await expect(pane.getByTestId("fault")).toContainText("demo-swift: answers with 503");

    await chat.ask("hello");
    await chat.ended("complete");
    await expect(chat.answer.getByTestId("fallback-line")).toContainText("demo-steady stepped in");
    await expect(pane.getByTestId("fault-hits")).toHaveText("2 requests struck");
    const [composer, beside] = [await chat.composer.boundingBox(), await pane.boundingBox()];
    expect((composer?.x ?? 0) + (composer?.width ?? 0)).toBeLessThanOrEqual(beside?.x ?? 0);

    const turn = pane.getByTestId("turn");
    await expect(turn).toHaveCount(1);
    await expect(turn).toContainText("hello");
    await expect(turn.getByTestId("attempt")).toHaveCount(3);
    await expect(turn.getByTestId("attempt").last()).toHaveAttribute("data-model", "demo-steady");

    await pane.getByTestId("halt-all").click();
    await expect(pane.getByTestId("fault")).toHaveCount(0);
    await pane.getByRole("button", { name: "Close the rehearsal" }).press("Enter");
    await expect(pane).toHaveCount(0);
    await expect(page.getByTestId("rehearse")).toBeFocused();
  });

  test("takes all of a phone, closes on Escape, and goes with the chat", async ({ chat, page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await chat.open();
    await page.getByTestId("rehearse").press("Enter");
    const pane = page.getByTestId("rehearsal");
    await expect(pane.getByTestId("fault-form")).toBeVisible();
    expect(await pane.boundingBox()).toEqual({ x: 0, y: 0, width: 360, height: 740 });
    await expect(page.locator(".stage")).toHaveAttribute("inert");
    await page.keyboard.press("Escape");
    await expect(pane).toHaveCount(0);
    await expect(page.getByTestId("rehearse")).toBeFocused();
    await page.getByTestId("rehearse").click();
    await expect(pane).toBeVisible();
    await page.setViewportSize({ width: 1280, height: 800 });
    await expect(page.locator(".stage")).not.toHaveAttribute("inert");
    await page.getByRole("link", { name: "Health" }).click();
    await expect(page).toHaveURL("/admin");
    await expect(pane).toHaveCount(0);
    await expect(page.getByTestId("rehearse")).toHaveCount(0);
  });

  test("its code is fetched when it is opened, and not before", async ({ chat, page }) => {
    const parts: string[] = [];
    page.on("request", (request) => parts.push(request.url()));
    await chat.open();
    await chat.converse("hello");
    expect(parts.filter((part) => part.includes("split_debug"))).toEqual([]);
    await page.getByTestId("rehearse").click();
    await expect(page.getByTestId("fault-form")).toBeVisible();
    expect(parts.filter((part) => part.includes("split_debug"))).toHaveLength(1);
  });
});

test.describe("the frames as they pass", () => {
  test("are read, filtered, held, copied and cleared", async ({ chat, context, page }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await chat.open();
    await page.getByTestId("rehearse").click();
    const frames = page.getByTestId("frames");
    const frame = frames.getByTestId("frame");
    await expect(frames.getByText("Nothing has passed yet.")).toBeVisible();
    await chat.converse("count to 3");
    for (const type of ["send", "accepted", "attempt", "delta", "done"]) {
      await expect(frames.locator(`[data-type=${type}]`).first()).toBeVisible();
    }
    await expect(frames.locator("[data-type=send]")).toContainText("count to 3");
    await expect(frames.locator("[data-type=conversation]")).toHaveCount(0);
    await frames.getByLabel("Which frames").selectOption("all");
    await expect(frames.locator("[data-type=conversation]").first()).toBeAttached();

    await frames.getByLabel("Frames with these words").fill("accepted");
    await expect(frame).toHaveCount(1);
    await frame.locator("summary").click();
    await expect(frame.locator("pre")).toContainText(/"type": "accepted",\n {2}"run_id": "/);
    await frames.getByRole("button", { name: "Copy frames" }).click();
    await expect(frames.getByText("Copied")).toBeVisible();
    const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
    expect(copied).toMatchObject({ type: "accepted", seq: 1 });

    await frames.getByLabel("Frames with these words").fill("");
    const held = frames.getByTestId("hold-frames");
    await held.click();
    const before = await frame.count();
    await chat.converse("count to 4");
    await expect(frame).toHaveCount(before);
    await held.click();
    await expect(frames.locator("[data-type=done]")).toHaveCount(2);
    await frames.getByRole("button", { name: "Clear" }).click();
    await expect(frame).toHaveCount(0);
  });

  test("what was typed in the shape of a key is not shown", async ({ chat, page }) => {
    await chat.open();
    await page.getByTestId("rehearse").click();
    // Before it is there nobody listens.
    await expect(page.getByTestId("frames")).toBeVisible();
    await chat.converse("my key is sk-proj-abcdefghijklmnop1234 and count to 1");
    const sent = page.getByTestId("frames").locator("[data-type=send]");
    await expect(sent).toContainText("sk-[redacted]");
    await sent.locator("summary").click();
    await expect(sent.locator("pre")).not.toContainText("abcdefghijklmnop");
  });

  test("on the page they are those of the newest conversation, whoever asks", async ({ chat, page, server }) => {
    const { message } = await server.ask("the first");
    await chat.open("/debug");
    await expect(page.getByTestId("turn")).toHaveCount(1);
    await server.ask("count to 5", { conversation: message.conversation_id });
    await expect(page.getByTestId("turn")).toHaveCount(2);
    await expect(page.getByTestId("turn").first()).toContainText("count to 5");
    for (const type of ["accepted", "attempt", "delta", "done"]) {
      await expect(page.getByTestId("frames").locator(`[data-type=${type}]`).first()).toBeAttached();
    }
    await server.ask("another conversation");
    await expect(page.getByTestId("turn")).toHaveCount(1);
    await expect(page.getByTestId("turn")).toContainText("another conversation");
  });
});

test.describe("a replay", () => {
  test("shows then and now side by side, and keeps nothing", async ({ chat, page, server }) => {
    await page.setViewportSize({ width: 1440, height: 900 });
    const { message } = await server.ask("What is Evenkeel?");
    await chat.open("/debug");
    const replay = page.getByTestId("replay");
    await expect(replay).toContainText("What is Evenkeel?");
    await replay.getByLabel("Under").selectOption("Overloaded");
    await replay.getByTestId("run-replay").click();
    const outcome = replay.getByTestId("replay-outcome");
    await expect(outcome).toHaveText(/^Then: demo-swift answered in [\d.]+ s; under “overloaded”: demo-steady stepped in (after [\d.]+ s|at once)\.$/);

    const [then, now] = [replay.getByTestId("replay-then"), replay.getByTestId("replay-under")];
    await expect(then.getByTestId("attempt")).toHaveCount(1);
    await expect(now.getByTestId("attempt")).toHaveCount(3);
    await expect(now.getByTestId("simulated")).toHaveCount(3);
    await expect(now).toContainText(/Seed \d+/);
    // On one axis, next to each other.
    expect(await then.locator(".gantt-axis text").allInnerTexts()).toEqual(await now.locator(".gantt-axis text").allInnerTexts());
    const [left, right] = [await then.boundingBox(), await now.boundingBox()];
    expect(left?.y).toBe(right?.y);
    expect((left?.x ?? 0) + (left?.width ?? 0)).toBeLessThan(right?.x ?? 0);
    await page.setViewportSize({ width: 360, height: 740 });
    const [above, below] = [await then.boundingBox(), await now.boundingBox()];
    expect(above?.x).toBe(below?.x);
    expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThan(below?.y ?? 0);

    const after = await server.api("GET", `/api/conversations/${message.conversation_id}`);
    expect(after.messages).toHaveLength(2);
    expect((await server.api("GET", "/api/debug/faults")).faults).toEqual([]);
  });

  test("is told while it happens, and can be stopped", async ({ chat, incidents, page, server }) => {
    incidents.expect(/api\/debug\/replay net::ERR_ABORTED/);
    await server.ask("count to 5");
    await chat.open("/debug");
    const replay = page.getByTestId("replay");
    await replay.getByLabel("Under").selectOption("Never answers");
    await replay.getByTestId("run-replay").click();
    await expect(replay.getByTestId("replay-outcome")).toContainText("asking demo-swift …");
    await expect(replay.getByTestId("replay-under").locator("[data-state=started]")).toHaveCount(1);
    await replay.getByTestId("stop-replay").click();
    await expect(replay.getByTestId("replay-outcome")).toContainText("it was stopped");
    await expect(replay.getByTestId("run-replay")).toBeVisible();
  });

  test("of the open conversation under what the form says, against everything, from the pane beside the chat", async ({ chat, page }) => {
    await chat.open();
    await chat.converse("count to 3");
    await page.getByTestId("rehearse").click();
    const pane = page.getByTestId("rehearsal");
    await pane.getByRole("button", { name: "Empty answer" }).click();
    const replay = pane.getByTestId("replay");
    await expect(replay).toContainText("count to 3");
    await replay.getByLabel("Under").selectOption("What the form says");
    await replay.getByTestId("run-replay").click();
    await expect(replay.getByTestId("replay-outcome")).toContainText(/under “answers with nothing”: no model could answer/);
    await expect(replay.getByTestId("replay-under").locator("[data-reason=response_rejected]")).toHaveCount(3);
    // The chat has not changed, and its models are as well as before.
    await expect(chat.messages).toHaveCount(2);
    await chat.converse("count to 4");
    await expect(chat.answer).toHaveAttribute("data-model", "demo-swift");
    await expect(replay).toContainText("count to 4");
  });

  test("says what is wrong with the form before anything is asked", async ({ chat, page, server }) => {
    await server.ask("count to 3");
    await chat.open("/debug");
    await page.getByTestId("fault-form").getByRole("textbox", { name: "Status" }).fill("200");
    const replay = page.getByTestId("replay");
    await replay.getByLabel("Under").selectOption("What the form says");
    await replay.getByTestId("run-replay").click();
    await expect(replay.getByRole("alert")).toHaveText("The status is between 400 and 599.");
  });
});
