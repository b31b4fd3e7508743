// The server under test: the real binary, on a port of its own, in a folder of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Where the server is started: it finds its pages from here. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The program, as one of cargo's profiles left it, unless the environment names another.
 * @param {"debug" | "release"} profile
 */
export const program = (profile) => process.env.EVENKEEL_BIN ?? join(ROOT, "target", profile, "evenkeel");

/**
 * @typedef {object} Options
 * @property {string} [config] the configuration file's text
 * @property {string} [binary] the program, where it is not the debug build's
 */

/** A running server. */
export class Server {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #process;
  /** @type {string[]} */
  #log = [];
  #folder;
  #options;

  /** Where it listens: `127.0.0.1:PORT`. */
  address = "127.0.0.1:0";

  /**
   * @param {string} folder
   * @param {Options} options
   */
  constructor(folder, options) {
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Starts one that knows nothing yet.
   * @param {Options} [options]
   */
  static async start(options = {}) {
    const folder = await mkdtemp(join(tmpdir(), "evenkeel-"));
    if (options.config !== undefined) await writeFile(join(folder, "evenkeel.toml"), options.config);
    const server = new Server(folder, options);
    try {
      await server.#spawn();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url() {
    return `http://${this.address}`;
  }

  async #spawn() {
    const { binary = program("debug"), config } = this.#options;
    if (!existsSync(binary)) throw new Error(`${binary} is missing: build it first`);
    const args = ["serve", "--listen", this.address, "--data", this.#folder];
    if (config !== undefined) args.push("--config", join(this.#folder, "evenkeel.toml"));
    // Nothing of the caller's environment: a provider's key in it would be taken up.
    const { PATH, LEPTOS_SITE_ROOT } = process.env;
    const env = LEPTOS_SITE_ROOT === undefined ? { PATH } : { PATH, LEPTOS_SITE_ROOT };
    const child = spawn(binary, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    createInterface({ input: child.stderr }).on("line", (line) => this.#log.push(line));
    this.address = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const address = line.match(/^listening on http:\/\/(.+)$/)?.[1];
        if (address) resolve(address);
      });
      child.once("error", reject);
      child.once("close", (code) => reject(new Error(`the server ended with ${code}:\n${this.log}`)));
    });
  }

  /** What it has logged. */
  get log() {
    return this.#log.join("\n");
  }

  /**
   * Whether its database holds this text by now, so that it would survive a kill.
   * @param {string} text
   */
  async stores(text) {
    const files = (await readdir(this.#folder)).filter((file) => file.startsWith("evenkeel.db"));
    const contents = await Promise.all(files.map((file) => readFile(join(this.#folder, file))));
    return contents.some((content) => content.includes(text));
  }

  /** Processor time of the process until now, in milliseconds; zero where the system does not tell. */
  async processorTime() {
    const stat = await readFile(`/proc/${this.#process?.pid}/stat`, "utf8").catch(() => "");
    // The name in brackets may hold anything; the 14th and 15th fields are counted from behind it.
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
    // Linux counts in hundredths of a second, whatever the machine.
    return ticks.reduce((sum, ticks) => sum + 10 * Number(ticks), 0);
  }

  /** Ends it as `kill -9` does. */
  async kill() {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  }

  /** Asks it to end, as a service manager does; comes when it has ended. */
  async terminate() {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGTERM");
    await ended;
  }

  /** Starts it again after a kill, at the same address and in the same folder. */
  async restart() {
    await this.#spawn();
  }

  /** Ends it and forgets all it knew. */
  async stop() {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /**
   * A request to its API; fails unless the answer is a good one.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  async api(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /**
   * Arms a fault, for a minute unless it says otherwise; gives its id.
   * @param {Record<string, unknown>} fault
   * @returns {Promise<string>}
   */
  async arm(fault) {
    const armed = await this.api("POST", "/api/debug/faults", { ttl_s: 60, ...fault });
    return armed.id;
  }

  /** Ends every armed fault. */
  async halt() {
    await this.api("POST", "/api/debug/faults/halt", {});
  }

  /**
   * A turn without a browser, in a conversation of its own; gives the answer, even where nobody could.
   * @param {string} message
   * @param {{model?: string, assistant?: string, conversation?: string}} [options]
   */
  async ask(message, { model, assistant, conversation = "new" } = {}) {
    const response = await fetch(`${this.url}/api/conversations/${conversation}/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message, model, assistant }),
    });
    return response.json();
  }
}
