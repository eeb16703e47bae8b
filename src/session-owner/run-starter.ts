/** Starts and takes over runs for one session; every outcome comes back to the actor as a report. */
import type { RunRecord } from '../backends/contracts.ts';
import { toWireError } from '../errors.ts';
import type { SessionActor } from './actor.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { buildPrompt } from './prompt.ts';

const FIRST_RETRY_MS = 100;
const ATTACH_RETRY_MS = 250;

/** Is this run still the one whose text is taken? */
function isCurrent(actor: SessionActor, runId: string): boolean {
  const { phase } = actor.state;
  return !actor.isGone && phase.name === 'replying' && phase.reply.run?.runId === runId;
}

/** Builds the prompt and hands the run to an ai node. A later attempt waits longer. */
export function startRun(world: OwnerWorld, actor: SessionActor, run: RunRecord, prefix: string): void {
  const wait = run.attempt === 1 ? 0 : FIRST_RETRY_MS * 2 ** (run.attempt - 2);
  if (wait === 0) void generate(world, actor, run, prefix);
  else world.clock.after(wait, () => void generate(world, actor, run, prefix));
}

async function generate(world: OwnerWorld, actor: SessionActor, run: RunRecord, prefix: string): Promise<void> {
  const { runId, replyId } = run;
  const { ai, logger } = world.ports;
  const { sessionId, epoch } = actor.lease;
  const ids = { session: sessionId, message: replyId, run: runId, epoch };
  try {
    const messages = await prompt(world, actor);
    if (!messages || !isCurrent(actor, runId)) return;
    const { aiNode } = await ai.generate({ runId, sessionId, replyId, epoch, messages, prefix });
    logger.info({ ...ids, aiNode, attempt: run.attempt }, 'ai node chosen');
    actor.report({ type: 'run-accepted', runId, aiNode });
  } catch (err) {
    const error = toWireError(err);
    logger.warn({ ...ids, attempt: run.attempt, code: error.code, ...(error.code === 'internal' && { err }) }, 'run refused');
    actor.report({ type: 'run-refused', runId, error });
  }
}

/** null: the reply is over already. */
async function prompt(world: OwnerWorld, actor: SessionActor): Promise<Awaited<ReturnType<typeof buildPrompt>> | null> {
  const { phase, unsaved } = actor.state;
  if (phase.name !== 'replying') return null;
  // Taken before history is read: what is acknowledged meanwhile is then in one of the two.
  const recent = unsaved.map(({ message }) => message);
  const page = (before: number, limit: number) => world.ports.history.page(actor.sessionId, before, limit);
  return buildPrompt(phase.reply.message, recent, world.settings.AI_PROMPT_TOKENS, page);
}

/** Asks the node that generates the reply to go on for this owner, until it is answered; when it cannot, the run is lost. */
export async function attachRun(world: OwnerWorld, actor: SessionActor, run: RunRecord, aiNode: string, offset: number): Promise<void> {
  const { runId } = run;
  const ids = { session: actor.sessionId, message: run.replyId, run: runId, epoch: actor.lease.epoch, aiNode };
  while (isCurrent(actor, runId)) {
    try {
      const { known } = await world.ports.ai.attach(aiNode, { runId, epoch: actor.lease.epoch, offset });
      world.ports.logger.info(ids, known ? 'run goes on' : 'run lost');
      if (!known) actor.report({ type: 'run-lost', runId });
      return;
    } catch (err) {
      world.ports.logger.warn({ ...ids, code: toWireError(err).code }, 'ai node did not answer; asking again');
      if (isCurrent(actor, runId)) await new Promise<void>((resolve) => world.clock.after(ATTACH_RETRY_MS, resolve));
    }
  }
}
