import type { Page } from "@playwright/test";

import { counted } from "../support/chat.ts";
import { expect, test } from "../support/test.ts";

test("a question is answered, and the answer names its model", async ({ chat, page }) => {
  await chat.open();
  await chat.ask("What is Evenkeel?");
  await chat.ended("complete");

  await expect(chat.questions).toHaveText(/What is Evenkeel\?/);
  await expect(chat.prose).toContainText("is a chat that keeps answering when models fail");
  await expect(chat.answer).toHaveAttribute("data-model", "demo-swift");
  await expect(chat.answer).toHaveAttribute("data-fallback", "false");
  await expect(chat.answer.locator(".model").first()).toHaveText("demo-swift");
  await expect(chat.answer.getByTestId("fallback-line")).toHaveCount(0);
  await expect(chat.announcer).toHaveText("Answered by demo-swift.");

  await expect(page).toHaveURL(/\/c\/[\w-]+$/);
  await expect(page).toHaveTitle("What is Evenkeel? · Evenkeel");
  await expect(chat.conversations).toHaveText("What is Evenkeel?");
  await expect(chat.conversations).toHaveAttribute("aria-current", "page");
  await expect(chat.composer).toHaveValue("");
  await expect(chat.composer).toBeFocused();
});

test("every token of a fast answer arrives once", async ({ chat }) => {
  await chat.open();
  await chat.converse("count to 300");
  await expect(chat.prose.locator("p").first()).toHaveText(counted(300));
});

test("Shift+Enter breaks the line, Enter sends", async ({ chat }) => {
  await chat.open();
  await chat.composer.pressSequentially("first line");
  await chat.composer.press("Shift+Enter");
  await chat.composer.pressSequentially("second line");
  // The Enter that ends a composed character belongs to the input method.
  await chat.composer.dispatchEvent("keydown", { key: "Enter", isComposing: true });
  await expect(chat.composer).toHaveValue("first line\nsecond line");
  await expect(chat.messages).toHaveCount(0);

  await chat.composer.press("Enter");
  await chat.ended("complete");
  await expect(chat.questions.locator(".bubble")).toHaveText("first line\nsecond line");
  await expect(chat.prose.locator("blockquote")).toContainText("first line\nsecond line");
});

test("the button sends, and an empty message is not sent", async ({ chat }) => {
  await chat.open();
  await expect(chat.send).toHaveAttribute("aria-disabled", "true");
  await chat.composer.fill("   ");
  await chat.composer.press("Enter");
  await expect(chat.send).toHaveAttribute("aria-disabled", "true");

  await chat.composer.fill("hello");
  await expect(chat.send).toHaveAttribute("aria-disabled", "false");
  await chat.send.click();
  await chat.ended("complete");
  await expect(chat.messages).toHaveCount(2);
});

test("an example fills the composer", async ({ chat, page }) => {
  await chat.open();
  const example = page.locator(".example").first();
  const text = await example.innerText();
  await example.click();
  await expect(chat.composer).toHaveValue(text);
  await expect(chat.composer).toBeFocused();
  await expect(chat.messages).toHaveCount(0);
});

test("markdown is rendered, and its code can be copied", async ({ chat, context, page }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await chat.open();
  await chat.converse("a markdown sample, please");

  // The page's own headings come first: those of a model stand below them.
  await expect(chat.prose.getByRole("heading", { name: "A markdown sample" })).toBeVisible();
  await expect(chat.prose.locator("ul ul li")).toHaveText("nested below it");
  await expect(chat.prose.locator("ol > li")).toHaveText(["first", "second"]);
  await expect(chat.prose.locator("strong")).toHaveText("strong");
  await expect(chat.prose.locator("s")).toHaveText("gone");
  await expect(chat.prose.getByRole("columnheader")).toHaveText(["Term", "Meaning"]);
  await expect(chat.prose.getByRole("row")).toHaveCount(3);
  await expect(chat.prose.locator("blockquote")).toContainText("A quotation, for calm waters.");
  await expect(chat.prose.getByRole("link")).toHaveAttribute("rel", "noopener noreferrer nofollow");

  const code = chat.prose.locator(".code");
  await expect(code.locator(".code-head span").first()).toHaveText("rust");
  await expect(code.locator("pre")).toHaveText('fn main() {\n    println!("on an even keel");\n}');
  await code.getByRole("button", { name: "Copy code" }).click();
  await expect(code.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('println!("on an even keel")');

  // The server renders it no differently.
  const shape = () =>
    chat.prose.evaluate((prose) => [prose.textContent, ...Array.from(prose.querySelectorAll("*"), (element) => element.tagName)]);
  await expect(code.getByRole("button", { name: "Copy code" })).toBeVisible();
  const before = await shape();
  await page.reload();
  await chat.connected();
  expect(await shape()).toEqual(before);
});

test("what a model writes never becomes HTML", async ({ chat, page }) => {
  const evil = [
    '<img src=x onerror="alert(1)"><script>alert(2)</script>',
    "[a link](javascript:alert(3)) ![a picture](https://evil.example/pixel.png)",
    '<iframe src="https://evil.example"></iframe><svg onload=alert(4)>',
  ].join("\n");
  const foreign: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("evil.example") || request.url().endsWith("/x")) foreign.push(request.url());
  });
  await chat.open();
  await chat.converse(evil);
  const harmless = async () => {
    await expect(chat.prose).toContainText('<img src=x onerror="alert(1)"><script>alert(2)</script>');
    await expect(chat.questions.locator(".bubble")).toHaveText(evil);
    await expect(chat.conversations).toContainText("<img src=x");
    await expect(chat.messages.locator("img, script, iframe, svg[onload], [href^='javascript:']")).toHaveCount(0);
  };
  await harmless();
  await page.reload();
  await chat.connected();
  await harmless();
  expect(foreign).toEqual([]);
});

test.describe("with a provider that waits to be told", () => {
  test.use({ chain: ["alpha"] });

  test("a second question goes on with the conversation", async ({ chat, page, upstream }) => {
    await chat.open();
    await chat.ask("first question");
    (await upstream("alpha").asked()).answer("first answer");
    await chat.ended("complete");
    const url = page.url();

    await chat.ask("second question");
    const asked = await upstream("alpha").asked();
    expect(asked.body.messages.map((message: { content: string }) => message.content)).toEqual([
      "first question",
      "first answer",
      "second question",
    ]);
    asked.answer("second answer");
    await expect(chat.prose).toHaveText("second answer");
    await expect(chat.messages).toHaveCount(4);
    await expect(chat.conversations).toHaveCount(1);
    expect(page.url()).toBe(url);
  });

  test("a stop ends the answer, keeps its text, and reaches the provider", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("a long story");
    const asked = await upstream("alpha").asked();
    asked.say("Once upon a time ");
    await expect(chat.prose).toHaveText("Once upon a time");
    await expect(chat.answer).toHaveAttribute("data-status", "streaming");

    await chat.stop.click();
    await chat.ended("cancelled");
    await asked.over;
    await expect(chat.prose).toHaveText("Once upon a time");
    await expect(chat.answer).toContainText("You stopped this answer.");
    await expect(chat.announcer).toHaveText("Stopped.");
    await expect(chat.composer).toBeFocused();

    await chat.ask("go on");
    (await upstream("alpha").asked()).answer("there was a calm sea.");
    await expect(chat.prose).toHaveText("there was a calm sea.");
    await chat.ended("complete");
  });

  test("a stop works before the first word, too", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("hello?");
    const asked = await upstream("alpha").asked();
    await expect(chat.answer.getByTestId("progress")).toBeVisible();
    await chat.stop.click();
    await chat.ended("cancelled");
    await asked.over;
    await expect(chat.answer.getByTestId("progress")).toHaveCount(0);
    await expect(chat.send).toBeVisible();
  });

  test("the view follows the answer until the reader scrolls away", async ({ chat, page, upstream }) => {
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, place) => `line ${from + place}\n\n`).join("");
    await chat.open();
    await chat.ask("many lines");
    const asked = await upstream("alpha").asked();
    asked.say(lines(1, 60));
    await expect(page.getByText("line 60", { exact: true })).toBeInViewport();

    await page.getByText("line 55", { exact: true }).hover();
    await page.mouse.wheel(0, -400);
    const jump = page.getByRole("button", { name: "Jump to latest" });
    await expect(jump).toBeVisible();
    const read = () => page.locator("#scroller").evaluate((scroller) => scroller.scrollTop);
    await expect(page.getByText("line 60", { exact: true })).not.toBeInViewport();
    const top = await read();
    asked.say(lines(61, 120));
    await expect(page.getByText("line 120", { exact: true })).toBeAttached();
    expect(await read()).toBe(top);

    await jump.click();
    await expect(page.getByText("line 120", { exact: true })).toBeInViewport();
    await expect(jump).toBeHidden();
    asked.say(lines(121, 150));
    asked.end();
    await chat.ended("complete");
    await expect(page.getByText("line 150", { exact: true })).toBeInViewport();
  });
});

test("conversations stay apart, and back and forward go between them", async ({ chat, page }) => {
  await chat.open();
  await chat.converse("the first matter");
  await page.getByRole("link", { name: "New chat" }).click();
  await expect(page).toHaveURL("/");
  await expect(chat.messages).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await chat.converse("the second matter");
  await expect(chat.conversations).toHaveText(["the second matter", "the first matter"]);

  const shows = async (matter: string) => {
    await expect(chat.questions).toHaveText([new RegExp(matter)]);
    await expect(chat.answers).toHaveCount(1);
    await expect(page.locator("[data-testid=conversation][aria-current=page]")).toHaveText(matter);
    await expect(page).toHaveTitle(`${matter} · Evenkeel`);
  };
  await chat.conversations.filter({ hasText: "first" }).click();
  await shows("the first matter");
  await page.goBack();
  await shows("the second matter");
  await page.goForward();
  await shows("the first matter");
  await page.reload();
  await chat.connected();
  await shows("the first matter");
});

test("a conversation that begins elsewhere appears in the list", async ({ chat, page, server }) => {
  await chat.open();
  await chat.connected();
  await server.ask("asked by another program");
  await expect(chat.conversations).toHaveText("asked by another program");
  await chat.conversations.click();
  await expect(chat.questions.locator(".bubble")).toHaveText("asked by another program");
  await page.goBack();
  await expect(chat.messages).toHaveCount(0);
});

test("the model that is picked answers, and stays the conversation's", async ({ chat, page }) => {
  await chat.open();
  await expect(chat.picker).toHaveValue("demo-swift");
  await chat.picker.selectOption("demo-steady");
  await chat.converse("hello");
  await expect(chat.answer).toHaveAttribute("data-model", "demo-steady");
  await expect(chat.answer).toHaveAttribute("data-fallback", "false");
  await expect(chat.picker).toHaveValue("demo-steady");
  await page.reload();
  await chat.connected();
  await expect(chat.picker).toHaveValue("demo-steady");
  await page.getByRole("link", { name: "New chat" }).click();
  await expect(chat.picker).toHaveValue("demo-swift");
});

/** The application does not arrive before it is released. */
async function holdApplication(page: Page) {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/*.wasm", async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

test.describe("before the application has started", () => {
  test("what is typed stays", async ({ chat, page }) => {
    const release = await holdApplication(page);
    await page.goto("/");
    await chat.composer.pressSequentially("typed very early");
    await expect(page.locator("html")).not.toHaveAttribute("data-ready");
    release();
    await chat.connected();
    await expect(chat.composer).toHaveValue("typed very early");
    await expect(chat.composer).toBeFocused();
    await chat.composer.pressSequentially(", and later");
    await chat.composer.press("Enter");
    await chat.ended("complete");
    await expect(chat.questions.locator(".bubble")).toHaveText("typed very early, and later");
  });

  test("an Enter is kept, too, and sends as soon as it can", async ({ chat, page }) => {
    const release = await holdApplication(page);
    await page.goto("/");
    await chat.ask("a very early question");
    await expect(chat.composer).toHaveValue("a very early question");
    await expect(chat.messages).toHaveCount(0);
    release();
    await chat.ended("complete");
    await expect(chat.questions.locator(".bubble")).toHaveText(["a very early question"]);
    await expect(chat.composer).toHaveValue("");
  });
});

test.describe("while the messages are not alive yet", () => {
  /** Opens a conversation whose messages stand as the server has rendered them, until they are released. */
  async function half(page: Page, path: string) {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await page.route("**/split_answers*.wasm", async (route) => {
      await released;
      await route.continue();
    });
    await page.goto(path);
    await expect(page.locator("html")).toHaveAttribute("data-alive");
    await expect(page.locator("html")).not.toHaveAttribute("data-ready");
    return release;
  }

  test("they can be read, and the rest of the page works", async ({ chat, page, server }) => {
    const { message } = await server.ask("count to 3");
    const release = await half(page, `/c/${message.conversation_id}`);
    await expect(chat.prose.locator("p").first()).toHaveText("1 2 3");
    await chat.composer.fill("kept");
    await chat.picker.selectOption("demo-steady");
    release();
    await chat.connected();
    await expect(chat.composer).toHaveValue("kept");
    await expect(chat.picker).toHaveValue("demo-steady");
    // They are the same elements, and now do something.
    await chat.answer.hover();
    await chat.answer.getByRole("button", { name: "Answer again", exact: true }).click();
    await expect(chat.answer.getByTestId("versions")).toHaveText("2/2");
    await chat.ended("complete");
  });

  test("a question that is sent meanwhile goes once, below them", async ({ chat, page, server }) => {
    const { message } = await server.ask("count to 3");
    const release = await half(page, `/c/${message.conversation_id}`);
    await chat.ask("count to 4");
    await expect(chat.composer).toHaveValue("");
    release();
    await expect(chat.prose.locator("p").first()).toHaveText("1 2 3 4");
    await chat.ended("complete");
    await expect(chat.questions.locator(".bubble")).toHaveText(["count to 3", "count to 4"]);
    await expect(chat.answers).toHaveCount(2);
  });

  test("another conversation can be opened meanwhile", async ({ chat, page, server }) => {
    const first = await server.ask("count to 3");
    const second = await server.ask("count to 5");
    const release = await half(page, `/c/${first.message.conversation_id}`);
    await page.locator(`a[href="/c/${second.message.conversation_id}"]`).click();
    release();
    await chat.connected();
    await expect(chat.prose.locator("p").first()).toHaveText("1 2 3 4 5");
    await expect(chat.messages).toHaveCount(2);
  });
});

test("a conversation can be read without JavaScript", async ({ browser, server }) => {
  const { message } = await server.ask("a markdown sample");
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${server.url}/c/${message.conversation_id}`);
  await expect(page.getByRole("table")).toBeVisible();
  await expect(page.locator(".bubble")).toHaveText("a markdown sample");
  await expect(page.getByTestId("conversation")).toHaveCount(1);
  await context.close();
});

test("the chosen theme is kept", async ({ chat, page }) => {
  await chat.open();
  const menu = page.getByTestId("user-menu");
  const theme = (name: string) => page.getByRole("menuitemradio", { name });
  await menu.click();
  await expect(theme("System")).toHaveAttribute("aria-checked", "true");
  const background = () => page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
  const light = await background();
  await theme("Light").click();
  await expect(theme("Light")).toHaveAttribute("aria-checked", "true");
  expect(await background()).toBe(light);
  await theme("Dark").click();
  await expect.poll(background).not.toBe(light);
  const dark = await background();
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  expect(await background()).toBe(dark);
  await chat.ready();
  await menu.click();
  await expect(theme("Dark")).toHaveAttribute("aria-checked", "true");
});

test("an address that leads nowhere says so, and leads back", async ({ chat, incidents, page }) => {
  incidents.expect(/404/);
  for (const path of ["/nowhere", "/c/01900000-0000-7000-8000-000000000000"]) {
    const response = await page.goto(path);
    expect(response?.status()).toBe(404);
    await chat.ready();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is nothing here");
  }
  await page.getByRole("main").getByRole("link", { name: "New chat" }).click();
  await expect(page).toHaveURL("/");
  await chat.converse("hello");
});

test("however many pages are asked for at once, each is whole, and the one that was asked for", async ({ server }) => {
  const { message } = await server.ask("a private matter");
  const pages = [
    ["/", 200, "New chat · Evenkeel"],
    [`/c/${message.conversation_id}`, 200, "a private matter · Evenkeel"],
    ["/admin", 200, "Health · Evenkeel"],
    ["/nowhere", 404, "Not found · Evenkeel"],
  ] as const;
  const wrong = new Set<string>();
  const reader = async () => {
    for (let round = 0; round < 15; round++) {
      for (const [path, status, title] of pages) {
        const response = await fetch(server.url + path);
        const html = await response.text();
        const found = html.match(/<title>(.*?)<\/title>/)?.[1];
        if (response.status !== status || found !== title || !html.includes("</html>")) {
          wrong.add(`${path}: ${response.status} ${found}`);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, reader));
  expect([...wrong]).toEqual([]);
});
