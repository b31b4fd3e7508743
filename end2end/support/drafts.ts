// What the browser keeps of what is written.

import { type Page, expect } from "@playwright/test";

/** Waits until what is written is kept, for this tab and for others. */
export const kept = (page: Page, words: string) =>
  expect
    .poll(() =>
      page.evaluate((words) => {
        const holds = ([name, draft]: [string, string]) => name.startsWith("draft:") && draft.includes(words);
        return [sessionStorage, localStorage].every((storage) => Object.entries(storage).some(holds));
      }, words),
    )
    .toBe(true);
