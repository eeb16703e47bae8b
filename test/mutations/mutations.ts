/**
 * The guarantees, each with the code that gives it and the tests that must turn red without that code. `find` is exact
 * and stands once in the file: when the code moves, the table is to be moved with it.
 */
export interface Mutation {
  /** Short, unique, for `--only`. */
  name: string;
  guarantee: string;
  file: string;
  find: string;
  replace: string;
  /** Test files of which at least one test must fail. */
  tests: string[];
  /** Programs without which these tests are skipped. */
  needs?: 'redis-server';
}

const LUA = 'src/backends/cluster/lua';
const REDIS_CONTRACT = ['test/contract/redis.test.ts'];

export const mutations: Mutation[] = [
  {
    name: 'fence',
    guarantee: 'Only the current lease appends (Redis).',
    file: `${LUA}/append-10.lua`,
    find: "if redis.call('GET', ownerKey) ~= lease then return {-1} end",
    replace: '',
    tests: REDIS_CONTRACT,
    needs: 'redis-server',
  },
  {
    name: 'fence-embedded',
    guarantee: 'Only the current lease appends (SQLite).',
    file: 'src/backends/embedded/event-log.ts',
    find: "if (!guard) return { status: 'fenced' };",
    replace: 'if (!guard) return { status: \'appended\', accumulatedUntil: 0 };',
    tests: ['test/contract/embedded.test.ts'],
  },
  {
    name: 'no-hole',
    guarantee: 'The first seq of an append follows the head (Redis).',
    file: `${LUA}/append-10.lua`,
    find: 'if meta[2] ~= logId or head + 1 ~= firstSeq then',
    replace: 'if meta[2] ~= logId then',
    tests: REDIS_CONTRACT,
    needs: 'redis-server',
  },
  {
    name: 'batch-once',
    guarantee: 'An append whose answer was lost is found and not written twice (Redis).',
    file: `${LUA}/append-10.lua`,
    find: 'if meta[5] == batch then return {2, accumulated} end',
    replace: '',
    tests: REDIS_CONTRACT,
    needs: 'redis-server',
  },
  {
    name: 'audit-with-append',
    guarantee: 'Audit entries are written in the same step as the events (Redis).',
    file: `${LUA}/append-10.lua`,
    find: 'addToOutbox(outbox, deltas, stats, outboxBytes, at, audit)',
    replace: '',
    tests: REDIS_CONTRACT,
    needs: 'redis-server',
  },
  {
    name: 'store-life',
    guarantee: 'Who knew another life of the store writes nothing (Redis).',
    file: `${LUA}/append-10.lua`,
    find: "if redis.call('GET', storeKey) ~= store then return {-3} end",
    replace: '',
    tests: ['test/cluster/redis-loss.test.ts', ...REDIS_CONTRACT],
    needs: 'redis-server',
  },
  {
    name: 'new-log-id',
    guarantee: 'A log that may lack its end gets a new logId (Redis).',
    file: `${LUA}/claim-8.lua`,
    find: "if meta[3] ~= store then redis.call('HSET', metaKey, 'logId', newLogId, 'store', store) end",
    replace: "redis.call('HSET', metaKey, 'store', store)",
    tests: ['test/cluster/redis-loss.test.ts', ...REDIS_CONTRACT],
    needs: 'redis-server',
  },
  {
    name: 'alive-owner',
    guarantee: 'A session is not taken from a node that lives (Redis).',
    file: `${LUA}/claim-8.lua`,
    find: "if taking and redis.call('EXISTS', aliveKey(before)) == 1 then return {0, before} end",
    replace: '',
    tests: REDIS_CONTRACT,
    needs: 'redis-server',
  },
  {
    name: 'kept-until-stored',
    guarantee: 'A log does not expire while history lacks something of it (Redis).',
    file: `${LUA}/append-10.lua`,
    find: "redis.call('PERSIST', logKey)",
    replace: '',
    tests: ['test/contract/redis.test.ts', 'test/cluster/redis-expiry.test.ts'],
    needs: 'redis-server',
  },
  {
    name: 'self-fence',
    guarantee: 'A node that could not renew stops writing before its time is over.',
    file: 'src/backends/cluster/liveness.ts',
    find: '    member.lose();\n  }\n\n  #schedule',
    replace: '  }\n\n  #schedule',
    tests: ['test/cluster/redis-fence.test.ts', 'test/cluster/redis-paused-owner.test.ts'],
    needs: 'redis-server',
  },
  {
    name: 'append-before-emit',
    guarantee: 'Nothing is shown before it is in the log.',
    file: 'src/session-owner/actor.ts',
    find: '      const accumulatedUntil = isEmpty(batch) ? null : await this.#append(batch);',
    replace: '      if (!isEmpty(batch)) this.#listener.committed(this, batch, 0);\n      const accumulatedUntil = isEmpty(batch) ? null : await this.#append(batch);',
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'dedupe',
    guarantee: 'A repeated send is the same message: what the owner accepted.',
    file: 'src/session-owner/decide.ts',
    find: "  if (first) return answer({ type: 'sent', ids: first, duplicate: true });",
    replace: '',
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'dedupe-stored',
    guarantee: 'A repeated send is the same message: what an earlier owner accepted.',
    file: 'src/session-owner/commands.ts',
    find: '    if (first) return this.#repeated(sessionId, first);',
    replace: '',
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'gap-repair',
    guarantee: 'Text that would leave a hole is not taken but asked for again.',
    file: 'src/session-owner/decide-run.ts',
    find: '  if (chunk.offset > have) return',
    replace: '  if (chunk.offset < 0) return',
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'overlap',
    guarantee: 'Text that is logged already is cut off.',
    file: 'src/session-owner/decide-run.ts',
    find: 'const text = chunk.text.slice(have - chunk.offset);',
    replace: 'const text = chunk.text;',
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'one-run',
    guarantee: 'Text of a run that is not the current one is dropped, and that run is stopped.',
    file: 'src/session-owner/decide-run.ts',
    find: 'return reply.run?.runId === runId ? { ...reply, run: reply.run } : null;',
    replace: 'return reply.run ? { ...reply, run: reply.run } : null;',
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'one-terminal',
    guarantee: 'A reply ends once: an ended one is not cancelled, completed or failed again.',
    file: 'src/session-owner/decide.ts',
    find: "  return answer(known ? { type: 'cancelled', status: known.status } : { type: 'unknown-reply' });",
    replace: "  return known ? { ...nothing, events: [{ type: 'message.cancelled', messageId }], answer: { type: 'cancelled', status: 'cancelled' } } : answer({ type: 'unknown-reply' });",
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'store-retry',
    guarantee: 'What history did not take is stored later.',
    file: 'src/session-owner/storer.ts',
    find: '      if (!this.#actor.isGone) this.#retryLater();',
    replace: '',
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'store-before-ack',
    guarantee: 'The log is told that history has something only after history said so.',
    file: 'src/session-owner/storer.ts',
    find: '    else if (state.meta.messageCount > 0) await history.store(',
    replace: '    else if (state.meta.messageCount > 0) void history.store(',
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'barrier',
    guarantee: 'The log is read only when frames reach the socket: nothing falls in between.',
    file: 'src/gateway/sockets/open-sessions.ts',
    find: "      await this.#joined();\n      const reply =",
    replace: '      void this.#joined();\n      const reply =',
    tests: ['test/services/gateway'],
  },
  {
    name: 'ai-epoch',
    guarantee: 'An ai node does not hear an owner of a lower epoch.',
    file: 'src/ai/runs.ts',
    find: 'if (run === undefined || epoch < run.epoch) return null;',
    replace: 'if (run === undefined) return null;',
    tests: ['test/unit/ai'],
  },
  {
    name: 'ai-resend',
    guarantee: 'What no owner acknowledged is sent again, the last chunk too.',
    file: 'src/ai/runs.ts',
    find: 'this.outgoing.sendAll(kept.map((run) => [run, run.takeOverdue(now, this.settings.AI_RESEND_MS)]));',
    replace: '',
    tests: ['test/unit/ai'],
  },
  {
    name: 'upstream-closed',
    guarantee: 'Stop closes the connection to the model.',
    file: 'src/ai/generation.ts',
    find: '    this.current?.controller.abort();\n    this.current = null;\n  }\n\n  private async attempt',
    replace: '    this.current = null;\n  }\n\n  private async attempt',
    tests: ['test/unit/ai'],
  },
  {
    name: 'client-repeat',
    guarantee: 'A client drops what it has.',
    file: 'public/src/chat-client/fold.ts',
    find: '    if (event.seq <= current.cursor.seq) continue;',
    replace: '',
    tests: ['test/unit/client'],
  },
  {
    name: 'client-gap',
    guarantee: 'A client that sees a hole opens again with its cursor.',
    file: 'public/src/chat-client/session-sync.ts',
    find: "if (verdict === 'gap' || verdict === 'broken') return this.repair(verdict);",
    replace: "if (verdict === 'broken') return this.repair(verdict);",
    tests: ['test/unit/client'],
  },
  {
    name: 'cursor-elsewhere',
    guarantee: 'A cursor of another log gets everything anew, and is told so.',
    file: 'src/session-owner/reads.ts',
    find: 'if (continues(now, cursor)) return',
    replace: 'if (now) return',
    tests: ['test/unit/session-owner'],
  },
  {
    name: 'outbox-after-kafka',
    guarantee: 'An audit entry leaves the outbox only when the sink has it.',
    file: 'src/audit/drain.ts',
    find: '    await sink.deliver(waiting.map(({ entry }) => entry));\n    await outbox.remove(waiting.map(({ key }) => key));',
    replace: '    await outbox.remove(waiting.map(({ key }) => key));\n    await sink.deliver(waiting.map(({ entry }) => entry));',
    tests: ['test/unit/audit', 'test/services/audit.service.test.ts'],
  },
];
