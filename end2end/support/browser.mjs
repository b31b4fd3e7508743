// The browser that everything here starts.

/** @type {import("@playwright/test").LaunchOptions} */
export const BROWSER = {
  executablePath: process.env.CHROME || "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};
