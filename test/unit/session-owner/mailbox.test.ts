import { Mailbox } from '../../../src/session-owner/mailbox.ts';
import { settle } from '../../support/virtual-clock.ts';

describe('the mailbox', () => {
  it('L3 hands the first item over at once and what comes meanwhile together', async () => {
    const batches: number[][] = [];
    let release = (): void => {};
    const mailbox = new Mailbox<number>((items) => {
      batches.push(items);
      return new Promise((resolve) => (release = resolve));
    });
    mailbox.push(1);
    expect(batches).toEqual([[1]]);
    for (const item of [2, 3, 4]) mailbox.push(item);
    expect(mailbox.length).toBe(3);
    release();
    await settle();
    expect(batches).toEqual([[1], [2, 3, 4]]);
    expect(mailbox.idle).toBe(false);
    release();
    await settle();
    expect(mailbox.idle).toBe(true);
  });

  it('gives back what nobody handled when it is closed, and takes nothing more', async () => {
    const mailbox = new Mailbox<number>(() => new Promise(() => {}));
    for (const item of [1, 2, 3]) mailbox.push(item);
    expect(mailbox.close()).toEqual([2, 3]);
    expect(mailbox.push(4)).toBe(false);
    await settle();
  });
});
