import { AiNodes } from '../../../src/session-owner/ai-nodes.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const clock = virtualClock();
/** Round robin over these, as the broker does it. */
function nodes(...all: string[]): AiNodes {
  let turn = 0;
  return new AiNodes({ next: () => all[turn++ % all.length] ?? null, all: () => [...all] }, clock);
}

function picked(from: AiNodes, picks: number): Map<string | null, number> {
  const counts = new Map<string | null, number>();
  for (let i = 0; i < picks; i += 1) {
    const node = from.pick();
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}

describe('the next ai node', () => {
  it('K36 is the balancer\'s choice, evenly', () => {
    expect([...picked(nodes('a', 'b', 'c'), 300)]).toEqual([['a', 100], ['b', 100], ['c', 100]]);
  });

  it('K36 is not one that just refused or did not answer, and its share goes to all the others', async () => {
    const ai = nodes('a', 'b', 'c', 'd');
    ai.avoid('a', 'full');
    const counts = picked(ai, 300);
    expect(counts.get('a')).toBeUndefined();
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThan(2);
    await clock.advance(250);
    expect(picked(ai, 4).get('a')).toBe(1);
    ai.avoid('b', 'silent');
    await clock.advance(2_999);
    expect(picked(ai, 8).get('b')).toBeUndefined();
    await clock.advance(1);
    expect(picked(ai, 8).get('b')).toBe(2);
  });

  it('K36 is the one that can be hoped for soonest when all are avoided, and none when there is none', () => {
    const ai = nodes('a', 'b');
    ai.avoid('a', 'silent');
    ai.avoid('b', 'full');
    expect(ai.pick()).toBe('b');
    expect(nodes().pick()).toBeNull();
  });

  it('K36 is another than the local one that the balancer prefers, when that is full', () => {
    const ai = new AiNodes({ next: () => 'local', all: () => ['local', 'b'] }, clock);
    expect(ai.pick()).toBe('local');
    ai.avoid('local', 'full');
    expect(ai.pick()).toBe('b');
  });
});
