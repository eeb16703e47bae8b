import { fields, table } from '../../../src/repl/table.ts';

describe('small tables', () => {
  test('columns line up, numbers to the right, nothing is a dash', () => {
    expect(table([{ session: 'abc', seq: 7, run: null }, { session: 'de', seq: 1234, run: 'r1' }])).toBe(
      ['session  seq   run', '-------  ----  ---', 'abc         7  -', 'de       1234  r1'].join('\n'),
    );
  });

  test('one thing is a field a line', () => {
    expect(fields({ owner: 'node-1', epoch: 3 })).toBe('owner  node-1\nepoch  3');
  });
});
