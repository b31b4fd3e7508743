// A wire between browser and server that can be cut without either end being told: nothing arrives any more, and nothing says so.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Wire {
  /** @type {import("node:net").Server} */
  #server;
  /** @type {Set<import("node:net").Socket>} */
  #ends = new Set();
  #dead = false;

  /** @param {string} address where it leads: `127.0.0.1:PORT` */
  constructor(address) {
    const [host, port] = address.split(":");
    this.#server = createServer((near) => {
      const far = connect(Number(port), host);
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  /**
   * @param {import("node:net").Socket} end
   * @param {import("node:net").Socket} other
   */
  #join(end, other) {
    this.#ends.add(end);
    end.on("data", (data) => {
      if (!this.#dead) other.write(data);
    });
    end.on("error", () => {});
    end.on("close", () => {
      this.#ends.delete(end);
      if (!this.#dead) other.destroy();
    });
  }

  /** @param {string} address */
  static async start(address) {
    const wire = new Wire(address);
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    return wire;
  }

  get url() {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it does not listen");
    return `http://127.0.0.1:${address.port}`;
  }

  /** From now on nothing gets through, and no connection is closed for it. */
  cut() {
    this.#dead = true;
  }

  /** New connections get through again; those of before stay dead until somebody gives them up. */
  mend() {
    for (const end of this.#ends) {
      end.removeAllListeners("data");
      end.on("data", () => {});
    }
    this.#dead = false;
  }

  async stop() {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const end of this.#ends) end.destroy();
    await closed;
  }
}
