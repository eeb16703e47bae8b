/** A reply's text comes from one run of the model, or from runs of which each went on exactly where the text was. */
import type { Message } from '../../src/protocol/wire.ts';
import { brief } from './fold.ts';
import { isCalm, type Found, type Generation, type Sent, type Span } from './recording.ts';

/** An owner or ai node that was disturbed may still find out about it this much later, and ask anew. */
const FIND_OUT_MS = 10_000;

const whole = ({ prefix, pieces }: Generation): string => prefix + pieces.map(({ text }) => text).join('');

export interface RunsOptions {
  sent: Sent[];
  stored: Message[];
  generations: Generation[];
  faults: Span[];
}

export function runsAreClean({ sent, stored, generations, faults }: RunsOptions): Found[] {
  return sent.flatMap(({ content, answers: [answer] }) => {
    const runs = generations.filter(({ question }) => question === content).toSorted((a, b) => a.beganAt - b.beganAt);
    const reply = stored.find(({ id }) => id === answer?.replyId);
    return [...(reply ? oneText(reply, runs) : []), ...needed(runs, faults)];
  });
}

function oneText(reply: Message, runs: Generation[]): Found[] {
  const { id, content, status } = reply;
  if (content === '' && status !== 'complete') return [];
  const of = runs.filter((run) => whole(run).startsWith(content));
  if (of.length === 0) return [{ kind: 'mixed-runs', detail: `${id}, ${brief(reply)}, is the text of none of its ${runs.length} runs` }];
  // A run that goes on from a text no earlier run gave was told a mixed one.
  for (const { prefix, beganAt, id: run } of of) {
    if (prefix !== '' && !runs.some((earlier) => earlier.beganAt < beganAt && whole(earlier).startsWith(prefix))) {
      return [{ kind: 'mixed-runs', detail: `${id}: run ${run} goes on from a text that no run before it gave` }];
    }
  }
  if (status !== 'complete' || of.some((run) => run.finishedAt !== null && whole(run) === content)) return [];
  return [{ kind: 'gap', detail: `${id} is complete with ${content.length} characters, its run gave ${Math.max(...of.map((run) => whole(run).length))}` }];
}

function needed(runs: Generation[], faults: Span[]): Found[] {
  return runs.slice(1).flatMap(({ id, beganAt }, n): Found[] => {
    const before = runs[n]!;
    const calm = isCalm(faults, { from: Math.max(before.beganAt, beganAt - FIND_OUT_MS), to: beganAt });
    return calm ? [{ kind: 'ran-twice', at: beganAt, detail: `run ${id} of the same reply as ${before.id}, though nothing was broken` }] : [];
  });
}
