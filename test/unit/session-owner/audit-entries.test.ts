import { auditEntries, analyticsEntries } from '../../../src/session-owner/audit-entries.ts';
import { tell } from '../../support/audit-samples.ts';
import { DONE, newSession, ownerHarness, sendTo } from '../../support/owner-harness.ts';
import { chunkInput, newMeta, sendInput, take, testRules } from '../../support/session-states.ts';
import { initialState, replay } from '../../../src/session-owner/state.ts';

const typesOf = (entries: { type: string }[]): string[] => entries.map(({ type }) => type);
const figures = (told: ReturnType<typeof tell>): object[] => told.entries.filter(({ type }) => type === 'reply.ended').map(({ data }) => data);

describe('what is audited', () => {
  test('A25 every event of the chat has its entry, deltas by setting, each id once', () => {
    const steps = [
      [sendInput(1)],
      [{ type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' } as const, chunkInput('run1', 0, 'One ')],
      [chunkInput('run1', 4, 'two', 'completed')],
      [sendInput(2)],
      [chunkInput('run1', 0, 'more')],
      [{ type: 'cancel', messageId: 'r2' } as const],
      [{ type: 'rename', title: 'New' } as const],
      [{ type: 'delete' } as const],
    ];
    const expected = [
      'session.created', 'message.created', 'message.created', 'message.completed', 'reply.ended', 'message.created', 'message.created',
      'message.cancelled', 'reply.ended', 'session.renamed', 'session.deleted',
    ];
    const { entries } = tell('s1', steps);
    expect(typesOf(entries)).toEqual(expected);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    expect(typesOf(tell('s1', steps, { deltas: true }).entries).filter((type) => type === 'message.delta')).toHaveLength(3);
    expect(entries.every(({ sessionId, userId, epoch, logId }) => sessionId === 's1' && userId === 'u1' && epoch === 1 && logId === 'log1')).toBe(true);
  });

  test('A25 an end has the whole message, and the last entry of an append the session record', () => {
    const { entries, messages, record } = tell('s1', [[sendInput(1)], [chunkInput('run1', 0, 'One two', 'completed')]]);
    expect(entries.find(({ type }) => type === 'message.completed')?.data).toMatchObject({ message: messages[1], record });
    expect(entries.filter(({ data }) => 'record' in data).map(({ seq }) => seq)).toEqual([2, 4]);
  });

  test('A25 restarts, failures and interruptions are told', () => {
    const lost = (continuation: 'restart' | 'stop') => {
      const rules = testRules({ continuation });
      const began = take(initialState(newMeta()), rules, sendInput(), { type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' }, chunkInput('run1', 0, 'text'), { type: 'run-lost', runId: 'run1' });
      const lease = { sessionId: 's1', nodeId: 'n', epoch: 1 };
      return typesOf([...auditEntries(began.batch.events, began.state, lease, { on: true, deltas: false }), ...analyticsEntries(began.batch.ended, began.state, lease, { on: true, deltas: false })]);
    };
    expect(lost('restart').at(-1)).toBe('message.restarted');
    expect(lost('stop').slice(-2)).toEqual(['message.interrupted', 'reply.ended']);
    expect(typesOf(tell('s1', [[sendInput(1)], [chunkInput('run1', 0, '', 'unavailable')]]).entries).slice(-2)).toEqual(['message.failed', 'reply.ended']);
  });

  test('A25 a takeover is told, once for each epoch', async () => {
    const first = await ownerHarness();
    const sessionId = await newSession(first);
    await sendTo(first, sessionId);
    await first.chunk('half', 0);
    const second = await first.restart();
    await second.node.directory.actor(sessionId);
    await second.settle();
    const claims = (await second.backends.outbox.peek(1_000)).map(({ entry }) => entry).filter(({ type }) => type === 'session.claimed');
    expect(claims.map(({ data }) => data['openReply'])).toEqual([null, expect.any(String)]);
    expect(new Set(claims.map(({ id }) => id)).size).toBe(2);
    expect(claims[0]!.epoch).toBeLessThan(claims[1]!.epoch!);
    await second.close();
  });
});

describe('the figures of a reply', () => {
  test('A26 time to first token, duration, tokens, model, outcome, node and attempts, and no text', () => {
    const end = { type: 'chunk', aiNode: 'ai-1', chunk: { runId: 'run1', sessionId: 's1', offset: 4, text: 'two', end: { ...DONE, model: 'm-1' } } } as const;
    const told = tell('s1', [[sendInput(1, 'Secret')], [{ type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' }], [chunkInput('run1', 0, 'One ')], [chunkInput('run1', 4, '')], [end]]);
    expect(figures(told)).toEqual([
      {
        replyId: 'r1', outcome: 'completed', finishReason: 'stop', errorCode: null, model: 'm-1', inputTokens: 1, outputTokens: 2,
        startedAt: '2026-01-02T03:04:06.000Z', timeToFirstTokenMs: 2_000, durationMs: 4_000, characters: 7, aiNode: 'ai-1', attempts: 1,
      },
    ]);
    expect(JSON.stringify(figures(told))).not.toMatch(/Secret|One|two/);
  });

  test('A26 what is not known is null', () => {
    const told = tell('s1', [[sendInput(1)], [{ type: 'cancel', messageId: 'r1' }]]);
    expect(figures(told)).toMatchObject([{ outcome: 'cancelled', model: null, inputTokens: null, timeToFirstTokenMs: null, durationMs: 1_000, aiNode: null, attempts: 1 }]);
  });

  test('A26 a quick end names its node, and every run counts as an attempt', () => {
    const rules = testRules();
    const quick = take(initialState(newMeta()), rules, sendInput(), chunkInput('run1', 0, 'all', 'completed'));
    expect(quick.batch.ended).toMatchObject([{ aiNode: 'ai-1', attempts: 1 }]);
    const again = take(
      initialState(newMeta()), rules, sendInput(),
      chunkInput('run2', 0, 'a'), { type: 'run-lost', runId: 'run2' },
      chunkInput('run3', 1, 'b'), { type: 'run-lost', runId: 'run3' }, { type: 'run-lost', runId: 'run4' },
      chunkInput('run5', 2, 'c', 'completed'),
    );
    expect(again.batch.ended).toMatchObject([{ attempts: 4, characters: 3 }]);
  });

  test('A26 after a restart the time to the first token is that of the new text', () => {
    const at = (second: number) => testRules({ at: `2026-01-01T00:00:0${second}.000Z`, continuation: 'restart' });
    const lost = take(take(initialState(newMeta()), at(0), sendInput(), chunkInput('run1', 0, 'lost')).state, at(1), { type: 'run-lost', runId: 'run1' });
    const ended = take(lost.state, at(3), chunkInput('run1', 0, 'new', 'completed')).batch.ended;
    expect(ended).toMatchObject([{ firstTokenAt: '2026-01-01T00:00:03.000Z', characters: 3, attempts: 2 }]);
  });

  test('A26 a new owner comes to the same figures', () => {
    const first = take(initialState(newMeta()), testRules({ at: '2026-01-01T00:00:00.000Z' }), sendInput(), { type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' });
    const token = take(first.state, testRules({ at: '2026-01-01T00:00:01.500Z' }), chunkInput('run1', 0, 'One '));
    const end = chunkInput('run1', 4, 'two', 'completed');
    const taken = replay(token.state.meta, [...first.batch.events, ...token.batch.events]);
    const [old, young] = [token.state, taken].map((state) => take(state, testRules({ at: '2026-01-01T00:00:09.000Z' }), end).batch.ended);
    expect(young).toEqual(old);
    expect(young).toMatchObject([{ firstTokenAt: '2026-01-01T00:00:01.500Z', aiNode: 'ai-1', attempts: 1 }]);
  });
});
