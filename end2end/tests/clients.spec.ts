// The vendors' own client libraries against the real binary, as strangers would point them at it.

import Anthropic from "@anthropic-ai/sdk";
import { expect } from "@playwright/test";
import OpenAI from "openai";

import { test } from "../support/gateway.ts";
import type { Server } from "../support/server.mjs";

const openaiOf = (server: Server) => new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none" });
const anthropicOf = (server: Server) => new Anthropic({ baseURL: server.url, apiKey: "none" });

const hello = [{ role: "user" as const, content: "hello" }];
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** What each error of a client library has that came from the server. */
interface ServerError {
  status?: number;
  headers?: Headers;
  error?: unknown;
}

const failureOf = async (asked: PromiseLike<unknown>) => {
  const refused = await Promise.resolve(asked).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(Error);
  return refused as Error & ServerError;
};

test.describe("OpenAI's client", () => {
  const question = { model: "alpha", messages: hello };

  test("lists the models and finds one", async ({ server }) => {
    const client = openaiOf(server);
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(expect.arrayContaining(["alpha", "beta"]));
    expect((await client.models.retrieve("beta")).id).toBe("beta");
    const refused = await failureOf(client.models.retrieve("nobody"));
    expect(refused).toBeInstanceOf(OpenAI.NotFoundError);
    expect(refused).toMatchObject({ code: "model_not_found" });
  });

  test("gets a whole answer from the model that steps in", async ({ server, alpha, beta }) => {
    alpha.always((asked) => asked.refuse(503, "overloaded"));
    beta.always((asked) => asked.answer("beta here"));
    const { data, response } = await openaiOf(server).chat.completions.create(question).withResponse();
    expect(data.model).toBe("beta");
    expect(data.choices[0]).toMatchObject({ message: { role: "assistant", content: "beta here" }, finish_reason: "stop" });
    expect(data.usage).toEqual({ prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 });
    expect(data).toMatchObject({ evenkeel: { requested_model: "alpha", fallback: true, attempts: 3, seams: [] } });
    expect(response.headers.get("x-evenkeel-fallback")).toBe("true");
    expect(response.headers.get("x-evenkeel-attempts")).toBe("3");
    expect(data).toMatchObject({ _request_id: response.headers.get("x-request-id") });
  });

  test("streams with the token counts at the end", async ({ server, alpha }) => {
    alpha.always((asked) => {
      asked.say("one ");
      asked.answer("two");
    });
    const stream = await openaiOf(server).chat.completions.create({
      ...question,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("one two");
    expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 12 }, evenkeel: { model: "alpha" } });
  });

  test("joins the parts of tool calls, and gives back their results", async ({ server, alpha }) => {
    const client = openaiOf(server);
    const schema = { type: "object", properties: { city: { type: "string" } } };
    const tools = [{ type: "function" as const, function: { name: "weather", parameters: schema } }];
    const running = client.chat.completions.stream({ ...question, tools });
    const asked = await alpha.asked();
    expect(asked.body.tools).toEqual(tools);
    asked.call({ index: 0, id: "call_1", type: "function", function: { name: "weather", arguments: "" } });
    asked.call({ index: 0, function: { arguments: '{"city":' } });
    asked.call({ index: 0, function: { arguments: '"Bern"}' } });
    // All of it in one part, as some providers do.
    asked.call({ index: 1, id: "call_2", type: "function", function: { name: "weather", arguments: '{"city":"Thun"}' } });
    asked.end("tool_calls");
    const { message, finish_reason } = (await running.finalChatCompletion()).choices[0]!;
    expect(finish_reason).toBe("tool_calls");
    const wanted = (id: string, city: string) => ({
      id,
      type: "function",
      function: expect.objectContaining({ name: "weather", arguments: `{"city":"${city}"}` }),
    });
    expect(message.tool_calls).toMatchObject([wanted("call_1", "Bern"), wanted("call_2", "Thun")]);

    const results = ["call_1", "call_2"].map((tool_call_id) => ({ role: "tool" as const, tool_call_id, content: "rain" }));
    const second = client.chat.completions.create({ ...question, tools, messages: [...hello, message, ...results] });
    const again = await alpha.asked();
    expect(again.body.messages.slice(2)).toEqual(results);
    again.answer("It rains.");
    expect((await second).choices[0]?.message.content).toBe("It rains.");
  });

  test("shows an image", async ({ server, alpha }) => {
    const content = [
      { type: "text" as const, text: "What is this?" },
      { type: "image_url" as const, image_url: { url: `data:image/png;base64,${PIXEL}` } },
    ];
    const answering = openaiOf(server).chat.completions.create({ ...question, messages: [{ role: "user", content }] });
    const asked = await alpha.asked();
    expect(asked.body.messages[0].content).toEqual(content);
    asked.answer("A pixel.");
    expect((await answering).choices[0]?.message.content).toBe("A pixel.");
  });

  test("is told what is wrong by its place", async ({ server }) => {
    const client = openaiOf(server);
    const refused = await failureOf(client.chat.completions.create({ ...question, n: 2 }));
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
    expect(refused).toMatchObject({ param: "n", type: "invalid_request_error" });
    const unknown = await failureOf(client.chat.completions.create({ ...question, model: "alpa" }));
    expect(unknown).toBeInstanceOf(OpenAI.NotFoundError);
    expect(unknown.message).toContain('did you mean "alpha"?');
  });

  test("gets an account of every model, and asks no second time", async ({ server, alpha, beta }) => {
    let calls = 0;
    for (const upstream of [alpha, beta]) {
      upstream.always((asked) => {
        calls += 1;
        asked.refuse(401, "who are you?");
      });
    }
    const refused = await failureOf(openaiOf(server).chat.completions.create(question));
    expect(refused).toBeInstanceOf(OpenAI.InternalServerError);
    expect(refused).toMatchObject({ status: 502, type: "fallback_exhausted" });
    expect(refused.error).toMatchObject({
      failures: [
        { model_name: "alpha", status_code: 401, reason: "auth_error" },
        { model_name: "beta", status_code: 401, reason: "auth_error" },
      ],
    });
    expect(calls).toBe(2);
  });

  test("throws where an answer breaks off for good", async ({ server, alpha, beta }) => {
    alpha.always((asked) => {
      asked.say("one ");
      asked.cut();
    });
    beta.always((asked) => asked.answer("something else"));
    const stream = await openaiOf(server).chat.completions.create({ ...question, stream: true });
    let text = "";
    const refused = await failureOf(
      (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      })(),
    );
    expect(text).toBe("one ");
    expect(refused).toMatchObject({ type: "fallback_exhausted" });
  });

  test("sees another model go on in the middle of an answer", async ({ server, alpha, beta }) => {
    alpha.always((asked) => {
      asked.say("one two ");
      asked.cut();
    });
    beta.always((asked) => asked.answer("one two three"));
    const stream = await openaiOf(server).chat.completions.create({ ...question, stream: true });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    expect(text.split(/\s+/)).toEqual(["one", "two", "three"]);
    expect(chunks[0]?.model).toBe("alpha");
    expect(chunks.at(-1)?.model).toBe("beta");
    expect(chunks.at(-1)).toMatchObject({ evenkeel: { seams: [{ from: "alpha", to: "beta", mode: "spliced" }] } });
  });

  test("hangs up, and so does the server", async ({ server, alpha }) => {
    const client = openaiOf(server);
    const streaming = client.chat.completions.create({ ...question, stream: true });
    const spoken = await alpha.asked();
    spoken.say("one ");
    (await streaming).controller.abort();
    await spoken.over;

    // Before anything is said, too.
    const before = new AbortController();
    const refused = failureOf(client.chat.completions.create(question, { signal: before.signal }));
    const asked = await alpha.asked();
    before.abort();
    await asked.over;
    expect(await refused).toBeInstanceOf(OpenAI.APIUserAbortError);
  });
});

test.describe("Anthropic's client", () => {
  const question = { model: "alpha", max_tokens: 100, messages: hello };

  test("lists the models and finds one", async ({ server }) => {
    const client = anthropicOf(server);
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(expect.arrayContaining(["alpha", "beta"]));
    expect(await client.models.retrieve("beta")).toMatchObject({ id: "beta", type: "model", display_name: "beta" });
    expect(await failureOf(client.models.retrieve("nobody"))).toBeInstanceOf(Anthropic.NotFoundError);
  });

  test("gets a whole answer from the model that steps in", async ({ server, alpha, beta }) => {
    alpha.always((asked) => asked.refuse(503, "overloaded"));
    beta.always((asked) => asked.answer("beta here"));
    const { data, response } = await anthropicOf(server).messages.create(question).withResponse();
    expect(data).toMatchObject({ type: "message", model: "beta", stop_reason: "end_turn" });
    expect(data.content).toEqual([{ type: "text", text: "beta here" }]);
    expect(data.usage).toMatchObject({ input_tokens: 5, output_tokens: 7 });
    expect(response.headers.get("x-evenkeel-fallback")).toBe("true");
    expect(data).toMatchObject({ _request_id: response.headers.get("x-request-id") });
  });

  test("streams, and counts at the end", async ({ server, alpha }) => {
    alpha.always((asked) => {
      asked.say("one ");
      asked.answer("two");
    });
    const stream = anthropicOf(server).messages.stream({ ...question, system: "Be brief." });
    const texts: string[] = [];
    stream.on("text", (text) => texts.push(text));
    const message = await stream.finalMessage();
    expect(texts.join("")).toBe("one two");
    expect(message).toMatchObject({ model: "alpha", stop_reason: "end_turn", usage: { input_tokens: 5, output_tokens: 7 } });
    expect(message.content).toEqual([{ type: "text", text: "one two" }]);
  });

  test("joins the parts of tool calls, and gives back their results", async ({ server, alpha }) => {
    const client = anthropicOf(server);
    const input_schema = { type: "object" as const, properties: { city: { type: "string" } } };
    const tools = [{ name: "weather", description: "The weather", input_schema }];
    const running = client.messages.stream({ ...question, tools, tool_choice: { type: "any" } });
    const asked = await alpha.asked();
    expect(asked.body.tool_choice).toBe("required");
    expect(asked.body.tools[0].function).toEqual({ name: "weather", description: "The weather", parameters: input_schema });
    asked.say("Let me see.");
    asked.call({ index: 0, id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":' } });
    asked.call({ index: 0, function: { arguments: '"Bern"}' } });
    asked.call({ index: 1, id: "call_2", type: "function", function: { name: "weather", arguments: "{}" } });
    asked.end("tool_calls");
    const message = await running.finalMessage();
    expect(message.stop_reason).toBe("tool_use");
    expect(message.content).toMatchObject([
      { type: "text", text: "Let me see." },
      { type: "tool_use", id: "call_1", name: "weather", input: { city: "Bern" } },
      { type: "tool_use", id: "call_2", name: "weather", input: {} },
    ]);

    const results = ["call_1", "call_2"].map((tool_use_id) => ({ type: "tool_result" as const, tool_use_id, content: "rain" }));
    const messages = [...hello, { role: "assistant" as const, content: message.content }, { role: "user" as const, content: results }];
    const second = client.messages.create({ ...question, tools, messages });
    const again = await alpha.asked();
    expect(again.body.messages.slice(2)).toEqual([
      { role: "tool", tool_call_id: "call_1", content: "rain" },
      { role: "tool", tool_call_id: "call_2", content: "rain" },
    ]);
    again.answer("It rains.");
    expect((await second).content).toEqual([{ type: "text", text: "It rains." }]);
  });

  test("shows an image", async ({ server, alpha }) => {
    const image = { type: "image" as const, source: { type: "base64" as const, media_type: "image/png" as const, data: PIXEL } };
    const content = [{ type: "text" as const, text: "What is this?" }, image];
    const answering = anthropicOf(server).messages.create({ ...question, messages: [{ role: "user", content }] });
    const asked = await alpha.asked();
    const url = `data:image/png;base64,${PIXEL}`;
    expect(asked.body.messages[0].content[1]).toEqual({ type: "image_url", image_url: { url } });
    asked.answer("A pixel.");
    expect((await answering).content).toEqual([{ type: "text", text: "A pixel." }]);
  });

  test("counts tokens by estimate", async ({ server }) => {
    const counted = await anthropicOf(server).messages.countTokens({ model: "alpha", messages: hello });
    expect(counted).toMatchObject({ input_tokens: 2, evenkeel: { estimated: true } });
  });

  test("is told what is wrong by its place", async ({ server }) => {
    const client = anthropicOf(server);
    const tools = [{ type: "web_search_20250305" as const, name: "web_search" as const }];
    const refused = await failureOf(client.messages.create({ ...question, tools }));
    expect(refused).toBeInstanceOf(Anthropic.BadRequestError);
    expect(refused.error).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
    expect(refused.message).toContain("tools[0].type: ");
    expect(await failureOf(client.messages.create({ ...question, model: "nobody" }))).toBeInstanceOf(Anthropic.NotFoundError);
  });

  test("gets an account of every model, and asks no second time", async ({ server, alpha, beta }) => {
    let calls = 0;
    for (const upstream of [alpha, beta]) {
      upstream.always((asked) => {
        calls += 1;
        asked.refuse(401, "who are you?");
      });
    }
    const refused = await failureOf(anthropicOf(server).messages.create(question));
    expect(refused).toBeInstanceOf(Anthropic.InternalServerError);
    expect(refused.status).toBe(502);
    const failures = [{ model_name: "alpha", reason: "auth_error" }, { model_name: "beta", reason: "auth_error" }];
    expect(refused.error).toMatchObject({ type: "error", error: { type: "fallback_exhausted", failures } });
    expect(calls).toBe(2);
  });

  test("throws where an answer breaks off for good", async ({ server, alpha, beta }) => {
    alpha.always((asked) => {
      asked.say("one ");
      asked.cut();
    });
    beta.always((asked) => asked.answer("something else"));
    const stream = anthropicOf(server).messages.stream(question);
    const texts: string[] = [];
    stream.on("text", (text) => texts.push(text));
    const refused = await failureOf(stream.finalMessage());
    expect(texts.join("")).toBe("one ");
    expect(refused.error).toMatchObject({ error: { type: "fallback_exhausted" } });
  });

  test("does not notice that another model goes on, unless it looks", async ({ server, alpha, beta }) => {
    alpha.always((asked) => {
      asked.say("one two ");
      asked.cut();
    });
    beta.always((asked) => asked.answer("one two three"));
    const stream = anthropicOf(server).messages.stream(question);
    const ends: unknown[] = [];
    stream.on("streamEvent", (event) => {
      if (event.type === "message_delta") ends.push(event);
    });
    const message = await stream.finalMessage();
    expect(message.content).toHaveLength(1);
    expect(await stream.finalText()).toMatch(/^one two\s+three$/);
    expect(ends).toMatchObject([{ evenkeel: { model: "beta", seams: [{ from: "alpha", to: "beta", mode: "spliced" }] } }]);
  });

  test("hangs up, and so does the server", async ({ server, alpha }) => {
    const client = anthropicOf(server);
    const stream = client.messages.stream(question);
    const ended = failureOf(stream.done());
    const asked = await alpha.asked();
    asked.say("one ");
    await stream.emitted("text");
    stream.abort();
    await asked.over;
    expect(await ended).toBeInstanceOf(Anthropic.APIUserAbortError);

    const before = new AbortController();
    const refused = failureOf(client.messages.create(question, { signal: before.signal }));
    const silent = await alpha.asked();
    before.abort();
    await silent.over;
    expect(await refused).toBeInstanceOf(Anthropic.APIUserAbortError);
  });
});
