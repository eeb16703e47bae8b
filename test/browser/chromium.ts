/** The system's Chromium for tests. Without one they are skipped by name; with REQUIRE_SERVERS=1 they fail instead. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

const CANDIDATES = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'];
export const chromiumPath = CANDIDATES.find((path) => path !== undefined && path !== '' && existsSync(path));

/** Each launch gets a new, empty profile, and asks nothing of the network by itself. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchChromium(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('There is no Chromium: install it, or name it in CHROMIUM_PATH.');
  return chromium.launch({ executablePath: chromiumPath, headless: true, args: ARGS });
}

/** A browser whose owner forbade sites to keep anything: cookies are blocked, and storage, locks and workers with them. */
export async function launchForbidding(): Promise<{ context: BrowserContext; close(): Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), 'holdfast-profile-'));
  mkdirSync(join(profile, 'Default'));
  writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }));
  const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath, headless: true, args: ARGS, locale: 'en-GB' });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A `describe` that says why it is skipped where there is no browser. */
export function describeInChromium(title: string, body: () => void): void {
  if (chromiumPath !== undefined || process.env.REQUIRE_SERVERS === '1') describe(title, body);
  else describe.skip(`${title} (skipped: no Chromium on this machine; CHROMIUM_PATH names one)`, body);
}

/** A page in a profile of its own that collects what the browser complains about. */
export async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 820 }, locale: 'en-GB', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  // Shorter than a test, so that what was waited for is named.
  page.setDefaultTimeout(8_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.type()}: ${message.text()}`);
  });
  return { page, complaints };
}

const SHOTS = join(__dirname, '../../artifacts/browser');

/** Keeps a picture of the page under artifacts/, which git ignores. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}
