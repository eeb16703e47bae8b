import { GatewayPins } from '../../../src/session-owner/gateway-pins.ts';

function world(own: string | null, nodes: string[]) {
  const there = new Set(nodes);
  const listeners: ((nodeId: string) => void)[] = [];
  const presence = {
    isGone: async () => false,
    onGone: (listener: (nodeId: string) => void) => {
      listeners.push(listener);
      return () => undefined;
    },
  };
  const pins = new GatewayPins({ own: () => own, list: () => [...there], isThere: (node) => there.has(node) }, presence);
  return { pins, there, gone: (nodeId: string) => listeners.forEach((tell) => tell(nodeId)) };
}
const ids = Array.from({ length: 300 }, (_, n) => `session-${n}`);

test('F14 an owner beside a gateway uses that one and no other', () => {
  const { pins } = world('here', ['here', 'g1', 'g2']);
  expect(new Set(ids.map((id) => pins.nodeFor(id)))).toEqual(new Set(['here']));
});

test('F14 without one it keeps each session to one gateway, whatever gateways come, and spreads them evenly', () => {
  const { pins, there } = world(null, ['g1', 'g2', 'g3']);
  const first = ids.map((id) => pins.nodeFor(id));
  for (const node of ['g1', 'g2', 'g3']) expect(first.filter((pinned) => pinned === node).length).toBeGreaterThan(60);
  there.add('g4');
  expect(ids.map((id) => pins.nodeFor(id))).toEqual(first);
});

test.each(['leaves the registry', 'is certainly gone'])('F14 only sessions of a gateway that %s move', (how) => {
  const { pins, there, gone } = world(null, ['g1', 'g2', 'g3']);
  const first = ids.map((id) => pins.nodeFor(id));
  if (how === 'is certainly gone') gone('g2');
  else there.delete('g2');
  const then = ids.map((id) => pins.nodeFor(id));
  expect(then).not.toContain('g2');
  expect(then.filter((_, n) => first[n] !== 'g2')).toEqual(first.filter((node) => node !== 'g2'));
  expect(new Set(then.filter((_, n) => first[n] === 'g2'))).toEqual(new Set(['g1', 'g3']));
});

test('F14 without any gateway there is nobody; the first one that comes is taken', () => {
  const { pins, there, gone } = world(null, []);
  expect(pins.nodeFor('s1')).toBeNull();
  there.add('g1');
  expect(pins.nodeFor('s1')).toBe('g1');
  // Cut off and back again: better than nobody.
  gone('g1');
  expect(pins.nodeFor('s1')).toBe('g1');
});

test('V30 it knows whose last frames went to a gateway, until they go to another', () => {
  const { pins, gone } = world(null, ['g1', 'g2']);
  for (const id of ids) pins.nodeFor(id, `user of ${id}`);
  const lost = pins.pinnedTo('g2');
  expect(lost.length).toBeGreaterThan(90);
  for (const { sessionId, userId } of lost) expect(userId).toBe(`user of ${sessionId}`);
  gone('g2');
  for (const { sessionId, userId } of lost) pins.nodeFor(sessionId, userId);
  expect(pins.pinnedTo('g2')).toEqual([]);
});
