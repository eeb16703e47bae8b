/** Starts and takes over runs for one session; every outcome comes back to the actor as a report. */
import type { RunRecord } from '../backends/contracts.ts';
import { toWireError } from '../errors.ts';
import { wireError } from '../protocol/errors.ts';
import type { SessionActor } from './actor.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { buildPrompt } from './prompt.ts';
import { messagesInLog, storedBy } from './read-messages.ts';
import { runNumber } from './state.ts';

/** Growing pauses: together longer than it takes nodes to find one another again after an outage. */
const FIRST_RETRY_MS = 100;
const RETRY_GROWTH = 3;
const ATTACH_RETRY_MS = 250;
/** An ai node that is there answers in no time. */
const SILENCE_MS = 4_000;

/** Is this run still the one whose text is taken? */
function isCurrent(actor: SessionActor, runId: string): boolean {
  const { phase } = actor.state;
  return !actor.isGone && phase.name === 'replying' && phase.reply.run?.runId === runId;
}

/** Builds the prompt and hands the run to an ai node. A later attempt waits longer. */
export function startRun(world: OwnerWorld, actor: SessionActor, run: RunRecord, prefix: string): void {
  const wait = run.attempt === 1 ? 0 : FIRST_RETRY_MS * RETRY_GROWTH ** (run.attempt - 2);
  if (wait === 0) void generate(world, actor, run, prefix);
  else world.clock.after(wait, () => void generate(world, actor, run, prefix));
}

async function generate(world: OwnerWorld, actor: SessionActor, run: RunRecord, prefix: string): Promise<void> {
  const { runId, replyId } = run;
  const { ai, logger } = world.ports;
  const { sessionId, epoch } = actor.lease;
  const ids = { session: sessionId, message: replyId, run: runId, epoch };
  try {
    const messages = await patientPrompt(world, actor, runId, ids);
    if (!messages || !isCurrent(actor, runId)) return;
    const fixed = { ...(run.asking && { asking: true }), ...(run.settings && { settings: run.settings }) };
    const { aiNode } = await ai.generate({ runId, sessionId, replyId, epoch, runNumber: runNumber(run), messages, prefix, ...fixed });
    logger.info({ ...ids, aiNode, attempt: run.attempt }, 'ai node chosen');
    actor.report({ type: 'run-accepted', runId, aiNode });
  } catch (err) {
    const error = toWireError(err);
    logger.warn({ ...ids, attempt: run.attempt, code: error.code, ...(error.code === 'internal' && { err }) }, 'run refused');
    actor.report({ type: 'run-refused', runId, error });
  }
}

type Prompt = Awaited<ReturnType<typeof buildPrompt>>;

/**
 * The prompt, also when history is away for a while: no ai node can help with that, so it uses up no attempt. A model
 * may take AI_FIRST_TOKEN_MS to begin, and no reply waits longer for its history. null: nobody wants it any more.
 */
async function patientPrompt(world: OwnerWorld, actor: SessionActor, runId: string, ids: object): Promise<Prompt | null> {
  const { clock, ports, settings } = world;
  const giveUpAt = clock.now() + settings.AI_FIRST_TOKEN_MS;
  for (let tries = 1; isCurrent(actor, runId); tries += 1) {
    try {
      return await prompt(world, actor);
    } catch (err) {
      if (tries === 1) ports.logger.warn({ ...ids, code: toWireError(err).code }, 'history not read; asking again');
    }
    if (clock.now() >= giveUpAt) {
      const error = wireError('unavailable', 'Earlier messages could not be read. Try again.');
      actor.report({ type: 'run-refused', runId, error, final: true });
      return null;
    }
    await new Promise<void>((resolve) => clock.after(settings.STORE_RETRY_MS, resolve));
  }
  return null;
}

/** null: the reply is over already. */
async function prompt(world: OwnerWorld, actor: SessionActor): Promise<Prompt | null> {
  const { phase, unsaved } = actor.state;
  if (phase.name !== 'replying') return null;
  const { message: reply } = phase.reply;
  const { log, settings } = world;
  const stored = storedBy(world, actor.sessionId);
  const readFile = (id: string) => world.files.content(id);
  // Taken before history is read: what is acknowledged meanwhile is then in one of the two.
  const recent = unsaved.map(({ message }) => message);
  try {
    return await buildPrompt(reply, recent, settings.AI_PROMPT_TOKENS, stored, readFile);
  } catch (err) {
    // The log keeps what history has for a while, so a lively chat goes on without history.
    const kept = await log.read(actor.sessionId, 0);
    if (!kept) throw err;
    return buildPrompt(reply, messagesInLog(kept), settings.AI_PROMPT_TOKENS, stored, readFile);
  }
}

/**
 * Asks the node that generates the reply to go on for this owner, until it is answered. The run is lost when the node
 * does not know it, is certainly gone, or is there and says nothing for too long: a process may hang.
 */
export async function attachRun(world: OwnerWorld, actor: SessionActor, run: RunRecord, aiNode: string, offset: number): Promise<void> {
  const { runId } = run;
  const { clock, ports } = world;
  const ids = { session: actor.sessionId, message: run.replyId, run: runId, epoch: actor.lease.epoch, aiNode };
  let silentSince: number | null = null;
  for (let tries = 1; isCurrent(actor, runId); tries += 1) {
    const askedAt = clock.now();
    const verdict = await ask(world, actor, runId, aiNode, offset);
    // Time in which nobody can tell anything is not the node's silence.
    silentSince = verdict === 'silent' ? (silentSince ?? askedAt) : null;
    const hangs = silentSince !== null && clock.now() - silentSince >= SILENCE_MS;
    if (verdict === 'known' || verdict === 'lost' || hangs) {
      ports.logger.info(ids, verdict === 'known' ? 'run goes on' : 'run lost');
      if (verdict !== 'known') actor.report({ type: 'run-lost', runId });
      return;
    }
    if (tries === 1) ports.logger.warn(ids, 'ai node did not answer; asking again');
    await new Promise<void>((resolve) => clock.after(ATTACH_RETRY_MS, resolve));
  }
}

type Verdict = 'known' | 'lost' | 'silent' | 'cannot-tell';

async function ask(world: OwnerWorld, actor: SessionActor, runId: string, aiNode: string, offset: number): Promise<Verdict> {
  try {
    return (await world.ports.ai.attach(aiNode, { runId, epoch: actor.lease.epoch, offset })).known ? 'known' : 'lost';
  } catch {
    return world.presence.isGone(aiNode).then((gone) => (gone ? 'lost' : 'silent'), () => 'cannot-tell' as const);
  }
}
