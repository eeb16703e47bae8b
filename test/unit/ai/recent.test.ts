import { Recent } from '../../../src/ai/recent.ts';

test('the oldest entry goes when the memory is full; writing again makes an entry new', () => {
  const recent = new Recent<string, number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.set('a', 3);
  recent.set('c', 4);
  expect(['a', 'b', 'c'].map((key) => recent.get(key))).toEqual([3, undefined, 4]);
});
