// The chat as a person meets it.

import { type Locator, type Page, expect } from "@playwright/test";

export class Chat {
  readonly composer: Locator;
  readonly send: Locator;
  readonly stop: Locator;
  readonly picker: Locator;
  readonly messages: Locator;
  readonly questions: Locator;
  readonly answers: Locator;
  /** The newest answer. */
  readonly answer: Locator;
  /** What a model wrote in it. */
  readonly prose: Locator;
  readonly conversations: Locator;
  readonly connection: Locator;
  readonly announcer: Locator;

  constructor(readonly page: Page) {
    this.composer = page.getByTestId("composer");
    this.send = page.getByTestId("send");
    this.stop = page.getByTestId("stop");
    this.picker = page.getByTestId("model-picker");
    this.messages = page.getByTestId("message");
    this.questions = page.locator("[data-testid=message][data-role=user]");
    this.answers = page.locator("[data-testid=message][data-role=assistant]");
    this.answer = this.answers.last();
    this.prose = this.answer.locator(".prose");
    this.conversations = page.getByTestId("conversation");
    this.connection = page.getByTestId("connection");
    this.announcer = page.getByTestId("announcer");
  }

  /** Opens a page, and waits until it is alive and connected. */
  async open(path = "/") {
    await this.page.goto(path);
    await this.ready();
  }

  async ready() {
    await expect(this.page.locator("html")).toHaveAttribute("data-ready");
  }

  async connected() {
    await this.ready();
    await expect(this.connection).toHaveAttribute("data-state", "open");
  }

  async ask(text: string) {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** The newest answer has ended like this. */
  async ended(status: "complete" | "incomplete" | "interrupted" | "cancelled" | "failed") {
    await expect(this.answer).toHaveAttribute("data-status", status);
  }

  /** Asks, and waits for the whole answer. */
  async converse(text: string) {
    const before = await this.answers.count();
    await this.ask(text);
    await expect(this.answers).toHaveCount(before + 1);
    await this.ended("complete");
  }
}

/** "1 2 3 … last": of such an answer every token can be checked. */
export function counted(last: number, first = 1) {
  return Array.from({ length: last - first + 1 }, (_, place) => first + place).join(" ");
}
