// Every ready-made outage: armed as a tester arms it, and seen in a turn.

import { expect, test } from "../support/test.ts";

test.use({ chain: ["alpha", "beta"], resilience: 'first_token_timeout = "1s"\nidle_timeout = "1s"\nretry_base_delay = "50ms"\n' });

/** What the first attempt says; nothing where the model answers all the same. */
const SEEN: Record<string, string | undefined> = {
  "Rate limited": "quota_exhausted",
  "Quota used up": "quota_exhausted",
  "Out of credit": "quota_exhausted",
  "Key revoked": "auth_error",
  "Key missing": "auth_error",
  "No access to the model": "auth_error",
  "Model deleted": "model_not_found",
  "Request refused": "provider_error",
  Overloaded: "provider_unavailable",
  "Server error": "provider_unavailable",
  "503 twice, then well": "provider_unavailable",
  // One in ten: whether it strikes this turn is for the dice.
  "Now and then": "",
  Unreachable: "connection_failed",
  "Connection reset": "connection_failed",
  "Never answers": "timeout",
  "Everything down": "provider_unavailable",
  "Cut mid-answer": "stream_interrupted",
  Stalls: "stream_interrupted",
  "Garbage in the stream": "stream_interrupted",
  "Error in the stream": "provider_unavailable",
  "Empty answer": "response_rejected",
  "Ends without a word": "stream_interrupted",
  "Slow first token": "timeout",
  "Overload of minutes": "timeout",
  "Slow network": undefined,
  Drips: undefined,
};

test("each preset is armed once and seen in a turn", async ({ chat, page, server, upstream }) => {
  test.setTimeout(240_000);
  const answer = (name: string) =>
    upstream(name).always((asked) => {
      for (let number = 1; number <= 16; number++) asked.say(`${number} `);
      asked.end();
    });
  answer("alpha");
  answer("beta");
  await chat.open("/debug");
  const presets = page.getByTestId("preset");
  await expect(presets).toHaveText(Object.keys(SEEN));
  for (const [name, reason] of Object.entries(SEEN)) {
    await page.getByLabel("Strikes").selectOption({ label: "Model alpha" });
    await page.getByRole("button", { name, exact: true }).click();
    if (name === "Slow network") await page.getByLabel("Later by so many milliseconds").fill("500");
    if (name === "Slow network") await page.getByLabel("Give or take").fill("100");
    if (name === "Drips") await page.getByLabel("Pieces a second").fill("50");
    await page.getByRole("button", { name: "Arm for 1 min" }).click();
    const fault = page.getByTestId("fault");
    await expect(fault).toHaveCount(1);
    await expect(fault).toContainText(name);

    const { code, message } = await server.ask("count");
    if (name === "Everything down") {
      expect(code).toBe("AGENT_FALLBACK_EXHAUSTED");
    } else if (reason !== "") {
      expect(message.attempts[0].reason ?? undefined, name).toBe(reason);
      expect(message, name).toMatchObject({ simulated: true, status: "complete", fallback: reason !== undefined });
    }
    if (reason !== "") await expect(fault.getByTestId("fault-hits")).toHaveText(/^\d+ requests? struck$/);
    await page.getByTestId("halt-all").click();
    await expect(fault).toHaveCount(0);
  }
});
