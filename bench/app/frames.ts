/** How much work is a frame while a long reply comes, at its beginning and at its end? */
import { atEnd, endAll } from '../ending.ts';
import type { Options } from '../options.ts';
import { figures, goal, round } from '../stats.ts';
import { reply, tokensOf } from './reply.ts';
import { openAppStage, type AppStage } from './stage.ts';
import { traced, workPerFrame } from './trace.ts';

const WORDS = 10_000;
const TOKENS_PER_SECOND = 200;
const TICK_MS = 10;
/** Without --long only the first and the last of the reply are measured at its speed; what lies between comes at once. */
const WINDOW_TOKENS = 1_200;

/** Sends the tokens at the speed of a model, some each tick. */
async function stream({ session }: AppStage, tokens: readonly string[]): Promise<void> {
  const from = performance.now();
  for (let sent = 0; sent < tokens.length; ) {
    const due = Math.min(tokens.length, Math.ceil(((performance.now() - from) / 1000) * TOKENS_PER_SECOND));
    for (; sent < due; sent += 1) session.delta(tokens[sent] ?? '');
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}

async function measured(stage: AppStage, name: string, tokens: readonly string[]): Promise<number[]> {
  const devtools = await stage.page.context().newCDPSession(stage.page);
  const work = workPerFrame(await traced(devtools, () => stream(stage, tokens)));
  const { p50, p99, max, n } = figures(work);
  const p95 = [...work].sort((a, b) => a - b)[Math.floor(work.length * 0.95)] ?? NaN;
  console.log(`  ${name.padEnd(28)} p50 ${round(p50)}   p95 ${goal(p95, '<=', 16, ' ms')}   p99 ${round(p99)}   max ${round(max)} ms   (${n} frames)`);
  return work;
}

async function run(text: string, title: string, long: boolean): Promise<void> {
  const stage = await openAppStage();
  const tokens = tokensOf(text);
  console.log(`${title}, ${tokens.length} tokens, ${TOKENS_PER_SECOND} a second: script, style, layout and paint in a frame`);
  stage.session.begin('Write all you know.');
  // The renderer, the colours and the fonts are there.
  stage.session.delta('Well then.\n\n```ts\nlet ready = true;\n```\n\n$x$\n\n');
  await stage.page.locator('.hljs-keyword').waitFor();
  await measured(stage, 'the beginning', tokens.slice(0, WINDOW_TOKENS));
  const rest = tokens.slice(WINDOW_TOKENS, -WINDOW_TOKENS);
  if (long) await measured(stage, 'all between', rest);
  else for (let at = 0; at < rest.length; at += 500) stage.session.delta(rest.slice(at, at + 500).join(''));
  await measured(stage, 'the end', tokens.slice(-WINDOW_TOKENS));
  await endAll();
}

export async function appFrames({ long }: Options): Promise<void> {
  atEnd(() => {});
  await run(reply(WORDS), 'a reply of 10,000 words', long);
  await run(`\`\`\`ts\n${'const value = compute("text", 42); // and so on\n'.repeat(1_500)}`, 'one block of 1,500 lines of code', false);
  await run('- an item of a list with **bold** and `code` in it\n'.repeat(1_200), 'one list of 1,200 items', false);
}
