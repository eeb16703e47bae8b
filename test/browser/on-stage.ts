/** Tests of the app on a scripted server: one browser for all of them, a stage for each. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { describeInChromium, launchChromium, newPage } from './chromium.ts';
import { openStage, type Stage } from './stage.ts';

export interface OnStage {
  /** That of the test at hand. */
  readonly stage: Stage;
  /** As `newPage`. */
  newPage(options?: BrowserContextOptions): ReturnType<typeof newPage>;
  /** A page with the app, connected; at the stage's session unless a `url` is given. */
  open(url?: string, options?: BrowserContextOptions): Promise<{ page: Page; complaints: string[] }>;
}

/** A `describe` whose tests get all this, made and closed by jest. */
export function describeOnStage(title: string, body: (on: OnStage) => void): void {
  describeInChromium(title, () => {
    let browser: Browser;
    let stage: Stage;
    beforeAll(async () => {
      browser = await launchChromium();
    });
    afterAll(() => browser.close());
    beforeEach(async () => {
      stage = await openStage();
    });
    afterEach(async () => {
      await Promise.all(browser.contexts().map((context) => context.close()));
      await stage.close();
    });
    body({
      get stage() {
        return stage;
      },
      newPage: (options) => newPage(browser, options),
      async open(url = stage.url, options = {}) {
        const opened = await newPage(browser, options);
        await opened.page.goto(url);
        await opened.page.locator('[data-testid=badge][data-state=online]').waitFor();
        return opened;
      },
    });
  });
}
