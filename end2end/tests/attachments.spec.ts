// Files that go with a message.

import { sound } from "../support/soundness.ts";
import { expect, test } from "../support/test.ts";

/** The smallest PNG: one red pixel. */
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const text = (name: string, content: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(content) });

test.describe("files", () => {
  test.use({ chain: ["alpha"] });

  test("are chosen, shown, and can be taken away", async ({ chat, page }) => {
    await chat.open();
    await page.getByTestId("files").setInputFiles([
      text("notes.md", "# Notes"),
      { name: "pixel.png", mimeType: "image/png", buffer: PIXEL },
    ]);
    const files = page.getByTestId("file");
    await expect(files).toHaveCount(2);
    await expect(files.nth(0)).toContainText("notes.md");
    await expect(files.nth(0)).toContainText("7 B");
    await expect(files.nth(1).locator("img")).toHaveAttribute("src", /^data:image\//);
    await expect(chat.announcer).toHaveText("2 files attached.");
    await expect(chat.send).toHaveAttribute("aria-disabled", "false");
    await sound(page);
    await page.getByRole("button", { name: "Remove notes.md" }).click();
    await expect(files).toHaveCount(1);
    await expect(chat.composer).toBeFocused();

    await page.getByRole("link", { name: "New chat" }).first().click();
    await expect(files, "it is the same conversation").toHaveCount(1);
  });

  test("that cannot be sent are left out, with the reason", async ({ chat, page }) => {
    await chat.open();
    await page.getByTestId("files").setInputFiles([
      { name: "program.png", mimeType: "image/png", buffer: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]) },
      text("long.txt", "x".repeat(512 * 1024 + 1)),
      text("empty.txt", ""),
      text("fine.txt", "fine"),
    ]);
    await expect(page.getByTestId("file")).toHaveText([/fine\.txt/]);
    const refused = page.getByTestId("left-out").getByRole("listitem");
    await expect(refused).toHaveText([
      "program.png was left out: only text (UTF-8) and PNG, JPEG, GIF or WebP images can be sent.",
      "long.txt was left out: it has 513 KiB, and a text may have 512 KiB.",
      "empty.txt was left out: it is empty.",
    ]);
    await sound(page);
    await page.getByTestId("left-out").getByRole("button", { name: "Dismiss" }).click();
    await expect(refused).toHaveCount(0);

    await page.getByTestId("files").setInputFiles(Array.from({ length: 11 }, (_, place) => text(`${place}.txt`, "x")));
    await expect(page.getByTestId("file")).toHaveCount(10);
    await expect(refused).toHaveText([/no more than 10 files/, /no more than 10 files/]);
  });

  test("go with the message, and a large photograph is made as small as is of use", async ({ chat, page }) => {
    const sent: { type: string; attachments?: { name: string; media_type: string; data: string }[] }[] = [];
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(JSON.parse(String(payload)))));
    await chat.open();
    await chat.connected();
    const photograph = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(3000, 1500);
      const context = canvas.getContext("2d");
      for (let line = 0; context && line < 1500; line += 10) {
        context.fillStyle = `hsl(${line} 80% 50%)`;
        context.fillRect(0, line, 3000, 10);
      }
      const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 1 });
      return Array.from(new Uint8Array(await blob.arrayBuffer()));
    });
    await page.getByTestId("files").setInputFiles([
      { name: "sea.jpg", mimeType: "image/jpeg", buffer: Buffer.from(photograph) },
      text("words.txt", "Grüße"),
    ]);
    await expect(page.getByTestId("file").and(page.locator("[data-state=ready]"))).toHaveCount(2);
    await chat.ask("What do you see?");
    await expect.poll(() => sent.find(({ type }) => type === "send")).toBeDefined();
    const [sea, words] = sent.find(({ type }) => type === "send")?.attachments ?? [];
    expect(words).toEqual({ name: "words.txt", media_type: "text/plain", data: Buffer.from("Grüße").toString("base64") });
    expect(sea).toMatchObject({ name: "sea.jpg", media_type: "image/jpeg" });
    const size = await page.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/jpeg;base64,${data}`;
      await image.decode();
      return [image.naturalWidth, image.naturalHeight];
    }, sea?.data);
    expect(size).toEqual([2048, 1024]);
    await expect(page.getByTestId("file")).toHaveCount(0);
  });

  test("dropped anywhere on the page, and pasted", async ({ chat, page }) => {
    await chat.open();
    const drag = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(["dropped words"], "dropped.txt", { type: "text/plain" }));
      return data;
    });
    await page.dispatchEvent("body", "dragenter", { dataTransfer: drag });
    await expect(page.getByTestId("drop-zone")).toBeVisible();
    await page.dispatchEvent("body", "drop", { dataTransfer: drag });
    await expect(page.getByTestId("drop-zone")).toHaveCount(0);
    await expect(page.getByTestId("file")).toHaveText([/dropped\.txt/]);

    await chat.composer.evaluate((area, pixel) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(pixel), (letter) => letter.charCodeAt(0));
      data.items.add(new File([bytes], "image.png", { type: "image/png" }));
      area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, PIXEL.toString("base64"));
    await expect(page.getByTestId("file")).toHaveText([/dropped\.txt/, /image\.png/]);
  });

  test("a very long text that is pasted becomes a file, and text again on request", async ({ chat, page }) => {
    await chat.open();
    await chat.composer.fill("before  after");
    await chat.composer.evaluate((area: HTMLTextAreaElement) => {
      area.setSelectionRange(7, 7);
      const data = new DataTransfer();
      data.setData("text/plain", "long ".repeat(2500));
      area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    const file = page.getByTestId("file");
    await expect(file).toContainText("Pasted text.txt");
    await expect(chat.composer).toHaveValue("before  after");
    await file.getByRole("button", { name: "Paste as text instead" }).click();
    await expect(file).toHaveCount(0);
    await expect(chat.composer).toHaveValue(`before ${"long ".repeat(2500)} after`);
  });
});
