// What a model writes, as people see it: code with colours, formulas, tables, and nothing that does anything by itself.

import type { Page, Request } from "@playwright/test";

import { expect, test } from "../support/test.ts";
import { sound } from "../support/soundness.ts";

/** The files of a late part that the page has fetched so far. */
function fetched(page: Page) {
  const paths: string[] = [];
  page.on("request", (request: Request) => paths.push(new URL(request.url()).pathname));
  return (part: string) => paths.filter((path) => path.includes(`split_${part}`)).length;
}

/** The whole of a block of code, as it can be read. */
const CODE = ["fn main() {", '    let a = "b"; // c', "    /* d", "       e */", "}"];

test("parts are loaded only by answers that need them", async ({ chat, page }) => {
  const loads = fetched(page);
  await chat.open();
  await chat.converse("count to 3");
  expect([loads("code"), loads("math")]).toEqual([0, 0]);
  await chat.converse("some code");
  await expect(chat.prose.locator(".hl-keyword").first()).toBeVisible();
  expect([loads("code"), loads("math")]).toEqual([1, 0]);
  await chat.converse("a formula");
  await expect(chat.prose.locator("math mfrac").first()).toBeVisible();
  expect([loads("code"), loads("math")]).toEqual([1, 1]);
});

test("the demo shows code and formulas to a newcomer, and a reload shows the same", async ({ chat, page }) => {
  await chat.open();
  await chat.converse("show me some code");
  const names = ["src/retry.rs", "python", "tsx", "sql", "toml", "diff", "bash"];
  await expect(chat.prose.locator(".code-name")).toHaveText(names);
  await expect.poll(() => chat.prose.locator(".code:has([class^=hl-])").count()).toBe(names.length);
  await sound(page);
  await chat.converse("and a formula");
  await expect(chat.prose.locator("math").first()).toBeVisible();
  await expect(chat.prose.locator(".formula-source")).toHaveCount(0);
  await expect(chat.prose.locator(".formula-block")).toHaveCount(4);
  await expect(chat.prose.locator("p").last()).toContainText("demo");
  await expect(chat.prose).toContainText("costs $5 or $10");
  await sound(page);
  // What is out of view is no part of innerText.
  const before = await page.getByTestId("messages").textContent();
  await page.reload();
  await chat.connected();
  // What nobody sees has no colours yet.
  for (const block of await page.locator(".code").all()) {
    await block.scrollIntoViewIfNeeded();
    await expect(block.locator("[class^=hl-]").first()).toBeVisible();
  }
  expect(await page.getByTestId("messages").textContent()).toBe(before);
  await chat.converse("footnotes, please");
  await expect(chat.prose.locator(".note")).toContainText("Such as this one.");
  await expect(chat.prose.locator("sup")).toHaveText("1");
  await sound(page);
});

test.describe("with a provider that waits to be told", () => {
  test.use({ chain: ["alpha"] });

  test("code has its colours while it is written, and lines that are complete stay as they are", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("code");
    const asked = await upstream("alpha").asked();
    asked.say(`Here:\n\n\`\`\`rust\n${CODE[0]}\n    let`);
    const first = chat.prose.locator(".hl-keyword").first();
    await expect(first).toHaveText("fn");
    await first.evaluate((element) => element.setAttribute("data-same", ""));
    const copy = chat.prose.getByRole("button", { name: "Copy code" });
    await copy.focus();
    for (const [place, line] of CODE.slice(1).entries()) {
      if (place > 0) asked.say(line.slice(0, 7));
      asked.say(`${line.slice(7)}\n`);
    }
    await expect(chat.prose.locator("pre")).toHaveText(CODE.join("\n"));
    await expect(chat.prose.locator(".hl-string")).toHaveText('"b"');
    await expect(chat.prose.locator(".hl-comment")).toHaveText(["// c", "/* d", "       e */"]);
    asked.say("```\n\nEnd");
    await expect(chat.prose.locator("p").last()).toHaveText("End");
    asked.end();
    await chat.ended("complete");
    await expect(chat.prose.locator("[data-same]")).toHaveText("fn");
    await expect(copy).toBeFocused();
  });

  test("code in a list, with a language that is written letter by letter", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("code");
    const asked = await upstream("alpha").asked();
    for (const part of ["1. one\n\n   ```p", "yth", "on\n   def", " f():\n       return 1", "\n   ```\n\n2. two"]) asked.say(part);
    asked.end();
    await chat.ended("complete");
    await expect(chat.prose.locator("li .code-name")).toHaveText("python");
    await expect(chat.prose.locator("li pre")).toHaveText("def f():\n    return 1");
    await expect(chat.prose.locator("li .hl-keyword")).toHaveText(["def", "return"]);
    await expect(chat.prose.locator("li")).toHaveCount(2);
  });

  test("a long block gets its colours to its end, and a page without scripts has its text", async ({ browser, chat, page, server, upstream }) => {
    const lines = Array.from({ length: 900 }, (_, place) => `let a${place} = ${place};`);
    upstream("alpha").always((asked) => asked.answer(`\`\`\`js\n${lines.join("\n")}\n\`\`\`\n\n$$\\frac{a}{b}$$`));
    await chat.open();
    await chat.converse("code");
    await expect(chat.prose.locator(".hl-keyword")).toHaveCount(900);
    await expect(chat.prose.locator("pre")).toHaveText(lines.join("\n"));
    const context = await browser.newContext({ javaScriptEnabled: false, baseURL: server.url });
    const bare = await context.newPage();
    await bare.goto(page.url());
    await expect(bare.locator(".prose pre")).toHaveText(lines.join("\n"));
    await expect(bare.locator(".prose math mfrac")).toHaveText("ab");
    await context.close();
  });

  test("colours move nothing: every line stays where the server put it", async ({ chat, page, upstream }) => {
    upstream("alpha").always((asked) => asked.answer(`\`\`\`rust\n${CODE.join("\n")}\n\`\`\`\n\nSo \\(x^2\\) is\n\n\\[\n+ \\frac{a}{b}\n\\]\n\nit.`));
    await chat.open();
    await chat.converse("code");
    // Whoever leaves while a part is fetched sees that fetch fail.
    await expect(chat.prose.locator(".hl-keyword").first()).toBeVisible();
    await page.addInitScript(() => {
      const shifts: number[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.reload();
    await chat.connected();
    await expect(chat.prose.locator(".hl-keyword").first()).toBeVisible();
    await expect(chat.prose.locator("math")).toHaveCount(2);
    expect(await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts.reduce((a, b) => a + b, 0))).toBeLessThan(0.001);
  });

  test("formulas come as they are closed, and prices are none", async ({ chat, upstream }) => {
    await chat.open();
    await chat.ask("maths");
    const asked = await upstream("alpha").asked();
    asked.say("It costs $5 to $10. So \\(\\frac{a}");
    await expect(chat.prose).toContainText("(\\frac{a}");
    await expect(chat.prose.locator("math")).toHaveCount(0);
    asked.say("{b}\\) and $x_1$");
    await expect(chat.prose.locator("math")).toHaveCount(2);
    asked.say(".\n\n\\[\n+ \\sum_i");
    await expect(chat.prose.locator("math")).toHaveCount(2);
    asked.say(" i\n\\]\n\nBroken: $\\nosuch{x}$ and $$\\frac{$$");
    asked.end();
    await chat.ended("complete");
    await expect(chat.prose.locator("math[display=block] munder, math[display=block] msub")).toHaveCount(1);
    await expect(chat.prose.locator(".formula-source")).toHaveText(["\\nosuch{x}"]);
    await expect(chat.prose.locator("p").first()).toContainText("It costs $5 to $10.");
    const element = chat.prose.locator("math").first();
    expect(await element.evaluate((math) => math.namespaceURI)).toBe("http://www.w3.org/1998/Math/MathML");
    // A fraction's halves stand one above the other.
    const [above, below] = await element.locator("mi").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
    expect(above).toBeLessThan(below ?? 0);
  });

  test("a wide formula scrolls in its own place, also by keyboard", async ({ chat, page, upstream }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    upstream("alpha").always((asked) => asked.answer(`$$${"x_1 + \\frac{a}{b} + ".repeat(20)}c$$\n\n\`\`\`text\n${"wide ".repeat(60)}\n\`\`\``));
    await chat.open();
    await chat.converse("wide");
    const block = chat.prose.locator(".formula-block");
    await expect(block.locator("math")).toBeVisible();
    expect(await block.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(true);
    await block.focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => block.evaluate((element) => element.scrollLeft)).toBeGreaterThan(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });

  test("what is copied is the source: of formulas, of code, of tables", async ({ chat, context, page, upstream }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    upstream("alpha").always((asked) =>
      asked.answer(`First $\\frac{a}{b}$ then.\n\n\`\`\`rust\n${CODE.join("\n")}\n\`\`\`\n\n| a | b |\n|---|---|\n| *c* d | $e^2$ |\n\n$$\\sqrt{f}$$`),
    );
    await chat.open();
    await chat.converse("copy");
    await expect(chat.prose.locator("math")).toHaveCount(3);
    await expect(chat.prose.locator(".hl-keyword").first()).toBeVisible();
    await chat.prose.getByRole("button", { name: "Copy code" }).click();
    expect(await copied()).toBe(CODE.join("\n"));
    await chat.prose.getByRole("button", { name: "Copy table" }).click();
    expect(await copied()).toBe("a\tb\nc d\te^2");
    await chat.prose.evaluate((prose) => getSelection()?.selectAllChildren(prose));
    await page.keyboard.press("ControlOrMeta+C");
    const all = await copied();
    expect(all).toContain("First $\\frac{a}{b}$ then.");
    expect(all).toContain(CODE.join("\n"));
    expect(all).toContain("$$\\sqrt{f}$$");
    expect(all).not.toMatch(/Copy|rust/);
    await chat.prose.locator("pre").evaluate((pre) => getSelection()?.selectAllChildren(pre));
    await page.keyboard.press("ControlOrMeta+C");
    expect(await copied()).toBe(CODE.join("\n"));
  });

  test("nothing that a model writes does anything: no script, no picture, no address but of the web", async ({ chat, page, server, upstream }) => {
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(server.url)) elsewhere.push(request.url());
    });
    const hostile = [
      "<script>document.title = 'x'</script><img src=x onerror=\"document.title = 'x'\">",
      "![a boat](https://pictures.example/boat.png) ![](//pictures.example/b.png) ![d](data:image/png;base64,AAAA)",
      "[a](javascript:alert(1)) [b](data:text/html,x) <javascript:alert(1)> https://bare.example/a_b.",
      "$\\href{javascript:alert(1)}{x}$ $\\text{<img src=x onerror=alert(1)>}$ $\\color{red}{y}$",
      "```html\n<script>document.title = 'x'</script>\n```",
      "# One\n\n### Three",
    ];
    upstream("alpha").always((asked) => asked.answer(hostile.join("\n\n")));
    await chat.open();
    await chat.converse("do your worst");
    await expect(chat.prose.locator(".hl-keyword").first()).toBeVisible();
    await expect(chat.prose.locator("script, img, iframe, style, [style], [onerror], [onclick]")).toHaveCount(0);
    const links = await chat.prose.locator("a").evaluateAll((all) => all.map((a) => [a.getAttribute("href"), a.getAttribute("rel"), a.textContent]));
    const rel = "noopener noreferrer nofollow";
    expect(links).toEqual([
      ["https://pictures.example/boat.png", rel, "Image from pictures.example: a boat"],
      ["https://bare.example/a_b", rel, "https://bare.example/a_b"],
    ]);
    await expect(chat.prose.locator("h3, h4")).toHaveText(["One", "Three"]);
    await sound(page);
    await page.reload();
    await chat.connected();
    await expect(chat.prose.locator("script, img, [style], [onerror]")).toHaveCount(0);
    await expect(page).not.toHaveTitle("x");
    expect(elsewhere).toEqual([]);
  });
});
