/** Replies as they are drawn, while they come and when they are whole, on a scripted server. */
import type { Locator } from 'playwright-core';
import { until } from '../support/until.ts';
import { shoot } from './chromium.ts';
import { describeOnStage, type OnStage } from './on-stage.ts';
import { ANSWER, tell } from './stage.ts';

const FORMULAS = `The roots of a quadratic equation $ax^2 + bx + c = 0$ are

$$
x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}
$$

as long as \\(a \\neq 0\\). The sum of the first $n$ squares:

\\[
\\sum_{k=1}^{n} k^2 = \\frac{n(n+1)(2n+1)}{6}
\\]

It costs $5, which is no formula.`;

const LANGUAGES = `\`\`\`python
# Reads numbers and adds them up.
def total(path: str) -> int:
    with open(path) as lines:
        return sum(int(line) for line in lines if line.strip() != "")
\`\`\`

1. First install it:

   \`\`\`sh
   npm install --save holdfast # or "pnpm add"
   \`\`\`

2. Then look at the settings:

   \`\`\`json
   { "port": 3000, "guests": true, "name": "kelp" }
   \`\`\`
`;

describeOnStage('markdown', (on) => {
  const open = (options: Parameters<OnStage['open']>[1] = {}) => on.open(undefined, options);

  it('U61 half a code block, half a table and half a mark look like what they become', async () => {
    const { page } = await open({ viewport: { width: 390, height: 844 } });
    on.stage.session.begin('Show me');
    on.stage.session.delta(ANSWER.slice(0, ANSWER.indexOf('const pause')));
    await page.locator('.hljs-keyword').first().waitFor();
    await shoot(page, 'half-code-phone');
    const table = ANSWER.indexOf('| 2 | 400');
    on.stage.session.delta(ANSWER.slice(ANSWER.indexOf('const pause'), table + 6));
    await page.locator('td', { hasText: '4' }).last().waitFor();
    expect(await page.locator('tbody tr').count()).toBe(2);
    await shoot(page, 'half-table-phone');
    on.stage.session.delta(`${ANSWER.slice(table + 6)}\nAnd **this is bol`);
    await page.locator('strong', { hasText: 'this is bol' }).waitFor();
    expect(await page.locator('.markdown > .block').last().innerText()).toBe('And this is bol');
  });

  it.each(['light', 'dark'] as const)('U149 what is wider than its place has a shadow at the edge where it goes on, and none where it ends (%s)', async (colorScheme) => {
    const wide = 'a_long_name + '.repeat(30);
    tell(on.stage.session, 'Wide?', `\`\`\`ts\n${wide}\n\`\`\`\n\nand\n\n\`\`\`ts\nshort\n\`\`\`\n\n$$\n${'x^2 + '.repeat(40)}1\n$$`);
    const { page } = await open({ viewport: { width: 390, height: 844 }, colorScheme });
    await page.locator('.katex-display').waitFor();
    /** A strip along one edge, above the text. */
    const strip = async (place: Locator, edge: 'left' | 'right'): Promise<string> => {
      const { x, y, width } = (await place.boundingBox())!;
      return (await page.screenshot({ clip: { x: edge === 'left' ? x : x + width - 12, y: y + 1, width: 12, height: 2 } })).toString('base64');
    };
    const [code, short, formula] = [page.locator('pre').first(), page.locator('pre').nth(1), page.locator('.math.display')];
    await shoot(page, `wide-${colorScheme}`);
    expect(await code.evaluate((element: { scrollWidth: number }) => element.scrollWidth)).toBeGreaterThan(2_000);
    for (const place of [code, formula]) {
      const [startLeft, startRight] = [await strip(place, 'left'), await strip(place, 'right')];
      expect(startLeft).not.toBe(startRight);
      await place.evaluate((element: { scrollLeft: number; scrollWidth: number }) => void (element.scrollLeft = element.scrollWidth));
      expect(await strip(place, 'right')).not.toBe(startRight);
      expect(await strip(place, 'right')).toBe(startLeft);
      expect(await strip(place, 'left')).not.toBe(startLeft);
    }
    expect(await strip(short, 'left')).toBe(await strip(short, 'right'));
  });

  it('U61 nothing that was drawn moves or flashes while a reply comes in small pieces', async () => {
    const { page } = await open();
    on.stage.session.begin('Show me');
    await page.locator('[data-state=waiting]').waitFor();
    // Counts, before every frame, marks that no reader should see, and blocks that changed their kind.
    await page.evaluate(`(() => {
      const seen = (window.seen = { marks: [], kinds: [] });
      const kinds = new Map();
      const look = () => {
        const blocks = [...document.querySelectorAll('[data-role=assistant] .markdown > .block')];
        blocks.forEach((block, index) => {
          const kind = block.classList.contains('code') ? 'code' : block.classList.contains('table') ? 'table' : block.matches('ul, ol') ? 'list' : 'text';
          if (kinds.has(index) && kinds.get(index) !== kind) seen.kinds.push(kinds.get(index) + ' -> ' + kind + ': ' + block.textContent.slice(0, 40));
          kinds.set(index, kind);
          if (kind !== 'code' && /\\*\\*|\`|\\]\\(|\\|/.test(block.textContent)) seen.marks.push(block.textContent.slice(-60));
        });
        requestAnimationFrame(look);
      };
      look();
    })()`);
    for (const piece of ANSWER.match(/[^]{1,3}/g) ?? []) {
      on.stage.session.delta(piece);
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    on.stage.session.end();
    await page.locator('[data-status=complete][data-role=assistant]').waitFor();
    expect(await page.evaluate('window.seen')).toEqual({ marks: [], kinds: [] });
  });

  it('U62 formulas are drawn, and the browser has nothing to complain of', async () => {
    tell(on.stage.session, 'Solve it', FORMULAS);
    const { page, complaints } = await open();
    await until('five formulas', async () => (await page.locator('.katex').count()) === 5);
    expect(await page.getByText('It costs $5, which is no formula.').count()).toBe(1);
    await page.evaluate('document.fonts.ready');
    await shoot(page, 'formulas');
    expect(complaints).toEqual([]);
    const dark = await open({ colorScheme: 'dark', viewport: { width: 320, height: 640 } });
    await until('five formulas', async () => (await dark.page.locator('.katex').count()) === 5);
    expect(await dark.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await shoot(dark.page, 'formulas-narrow-dark');
  });

  it('U63 code has colours, in lists too, and its copy button gives all of it', async () => {
    tell(on.stage.session, 'Show me', LANGUAGES);
    const { page, complaints } = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.locator('.hljs-keyword', { hasText: 'def' }).waitFor();
    await page.locator('li .hljs-attr').first().waitFor();
    await shoot(page, 'code');
    await page.evaluate(`(() => {
      const button = document.querySelector('[data-copy]');
      window.said = [];
      new MutationObserver(() => window.said.push(button.textContent)).observe(button, { childList: true, characterData: true, subtree: true });
    })()`);
    await page.getByRole('button', { name: 'Copy code' }).first().click();
    const said = (): Promise<string[]> => page.evaluate('window.said');
    await until('it to be said for a moment', async () => (await said()).length === 2);
    expect(await said()).toEqual(['Copied', 'Copy code']);
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(LANGUAGES.slice(10, LANGUAGES.indexOf('\n```\n') + 1));
    expect(complaints).toEqual([]);
  });

  it('U64 reasoning is folded, open to whoever wants it, and no part of what is copied', async () => {
    const { page } = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    on.stage.session.begin('Think about it');
    on.stage.session.delta('<think>First, the *question* itself.');
    await page.getByText('Thinking …').waitFor();
    await shoot(page, 'thinking');
    expect(await page.getByText('First, the').isVisible()).toBe(false);
    on.stage.session.delta(' Then the rest.</think>\n\nThe answer is **42**.');
    on.stage.session.end();
    await page.getByTestId('pane').getByText('The answer is').waitFor();
    await until('the answer alone to be told', async () => (await page.getByTestId('announcer').innerText()) === 'The assistant answered: The answer is 42.');
    await page.getByText('How it was thought through').click();
    await page.locator('.thinking em', { hasText: 'question' }).waitFor();
    await shoot(page, 'thought');
    await page.getByRole('button', { name: 'Copy', exact: true }).last().click();
    await until('the answer to be copied', async () => (await page.evaluate('navigator.clipboard.readText()')) === 'The answer is **42**.');
  });
});
