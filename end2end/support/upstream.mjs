// A provider that does exactly what a test tells it: it speaks OpenAI's streaming format, one word at a time, when told.

import { once } from "node:events";
import { createServer } from "node:http";

/** One request that the server under test has made, and the answer to it. */
export class Asked {
  #response;

  /**
   * @param {any} body what was asked
   * @param {import("node:http").ServerResponse} response
   * @param {string} [key] the key it came with
   */
  constructor(body, response, key = "") {
    this.body = body;
    this.key = key;
    this.#response = response;
    /** Comes when the asker hangs up, or the answer is over. */
    this.over = once(response, "close");
  }

  /**
   * One event's data, as it is.
   * @param {string} event
   */
  event(event) {
    if (!this.#response.headersSent) this.#response.writeHead(200, { "content-type": "text/event-stream" });
    this.#response.write(`data: ${event}\n\n`);
  }

  /**
   * A piece of the answer.
   * @param {string} content
   */
  say(content) {
    this.event(JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }));
  }

  /**
   * The answer is whole.
   * @param {string} [reason]
   */
  end(reason = "stop") {
    this.event(JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: reason }] }));
    this.event(JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 7 } }));
    this.event("[DONE]");
    this.#response.end();
  }

  /**
   * A piece of a tool call.
   * @param {object} call
   */
  call(call) {
    this.event(JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }] }));
  }

  /** The connection breaks off in the middle of the answer, after what was said has arrived. */
  cut() {
    this.#response.write("", () => setTimeout(() => this.#response.destroy(), 50));
  }

  /**
   * A whole answer at once.
   * @param {string} content
   */
  answer(content) {
    this.say(content);
    this.end();
  }

  /**
   * No answer, but a status.
   * @param {number} status
   * @param {string} message
   * @param {Record<string, string>} [headers]
   */
  refuse(status, message, headers = {}) {
    this.#response.writeHead(status, { "content-type": "application/json", ...headers });
    this.#response.end(JSON.stringify({ error: { message } }));
  }
}

/** A provider; nothing that it is asked gets an answer by itself, unless it is given one for everybody. */
export class Upstream {
  #server;
  /** @type {Asked[]} */
  #waiting = [];
  /** @type {((asked: Asked) => void)[]} */
  #awaited = [];
  /** @type {((asked: Asked) => void) | undefined} */
  #always;

  constructor() {
    this.#server = createServer((request, response) => {
      // Which models it has, it says to nobody: what counts here is what it is asked to answer.
      if (request.method === "GET") return void response.writeHead(404).end();
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (part) => (body += part));
      request.on("end", () => {
        const key = request.headers.authorization?.replace(/^Bearer /, "");
        const asked = new Asked(JSON.parse(body), response, key);
        if (this.#always) return this.#always(asked);
        const next = this.#awaited.shift();
        if (next) next(asked);
        else this.#waiting.push(asked);
      });
    });
  }

  static async start() {
    const upstream = new Upstream();
    upstream.#server.listen(0, "127.0.0.1");
    await once(upstream.#server, "listening");
    return upstream;
  }

  /** What the configuration calls `base_url`. */
  get baseUrl() {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it does not listen");
    return `http://127.0.0.1:${address.port}/v1`;
  }

  /** The next request, as soon as it is there. */
  asked() {
    const asked = this.#waiting.shift();
    return asked ? Promise.resolve(asked) : new Promise((/** @type {(asked: Asked) => void} */ resolve) => this.#awaited.push(resolve));
  }

  /**
   * From now on every request is answered like this.
   * @param {(asked: Asked) => void} answer
   */
  always(answer) {
    this.#always = answer;
    this.#waiting.splice(0).forEach(answer);
  }

  async stop() {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/**
 * A configuration with a model for each upstream, each on a provider of its own and falling back along the rest of the line.
 * @param {[string, Upstream][]} chain
 * @param {string} [resilience] further keys
 * @param {boolean} [asides] whether models are asked for titles and suggestions, too
 * @param {string} [assistants] `[[assistants]]` as the file has them
 */
export function configuration(chain, resilience = "", asides = false, assistants = "") {
  const parts = chain.map(([model, upstream], place) => {
    const fallbacks = JSON.stringify(chain.slice(place + 1).map(([name]) => name));
    return `
[[providers]]
id = "${model}-provider"
kind = "openai"
base_url = "${upstream.baseUrl}"
api_key = "sk-test-0123456789abcdef"

[[models]]
id = "${model}"
provider = "${model}-provider"
name = "${model}-upstream"
fallbacks = ${fallbacks}
`;
  });
  return `[resilience]\n${resilience}\n[chat]\ntitles = ${asides}\nsuggestions = ${asides}\n${parts.join("")}${assistants}`;
}
