import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"] as const;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP *.example.test 127.0.0.1",
];

/**
 * A headless browser that closes with the test, or undefined where the machine has none: then the test is skipped in
 * one line, and fails where `CI` is "true". Names under example.test resolve to 127.0.0.1 in it.
 */
export async function openChromium(t: TestContext): Promise<Browser | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    if (process.env.CI === "true") throw new Error("no Chromium on this machine, and CI must have one");
    t.skip("no Chromium on this machine");
    return undefined;
  }
  const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });
  t.after(() => browser.close());
  return browser;
}

function findChromium(): string | undefined {
  if (existsSync("/usr/bin/chromium")) return "/usr/bin/chromium";
  for (const name of NAMES) {
    try {
      return execFileSync("which", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      // Not under this name.
    }
  }
  return undefined;
}
