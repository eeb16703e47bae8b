/** Users' commands on the versions of a session's messages, carried out by its owner on this node. Each is safe to repeat. */
import { chatError } from '../errors.ts';
import { messageIdsFor } from '../ids.ts';
import type { ActionInput, ActionResults, MessagePlace } from '../protocol/broker.ts';
import type { Message, MessageFile } from '../protocol/wire.ts';
import { noSuchSession } from './access.ts';
import type { SessionActor } from './actor.ts';
import { expectAnswer, firstAnswer, repeated, sent } from './command-answers.ts';
import type { SessionDirectory } from './directory.ts';
import type { Answer, Command, VersionOperation } from './inputs.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { filesFor } from './message-files.ts';
import { openActor } from './open-actor.ts';
import { findIn, messagesInLog, type LogView } from './read-messages.ts';
import { moving } from './refusals.ts';

type Input<N extends VersionOperation> = ActionInput<`session-owner.${N}`>;
type Sent = ActionResults['session-owner.send'];

/** A session grows by one message at a time, and each look takes a moment only. */
const LOOKS = 5;

export class VersionCommands {
  readonly #world: OwnerWorld;
  readonly #directory: SessionDirectory;

  constructor(world: OwnerWorld, directory: SessionDirectory) {
    this.#world = world;
    this.#directory = directory;
  }

  regenerate(input: Input<'regenerate'>): Promise<Sent> {
    return this.#make('regenerate', input, () => '');
  }

  continue(input: Input<'continue'>): Promise<Sent> {
    return this.#make('continue', input, ({ content }) => content);
  }

  edit(input: Input<'edit'>): Promise<Sent> {
    return this.#make('edit', input, () => input.content, (of) => {
      const ids = input.files ?? (of.files ?? []).map(({ id }) => id);
      return filesFor(this.#world, input, ids, input.content);
    });
  }

  /** The version that is active from now on, for everybody, with the newest branch under it. */
  async select({ userId, sessionId, messageId }: ActionInput<'session-owner.select'>): Promise<ActionResults['session-owner.select']> {
    const actor = await openActor(this.#world, this.#directory, userId, sessionId);
    const answer = await this.#decided(actor, messageId, async (of, log) => {
      const { id: tip, parentId: tipParent } = await this.#newestUnder(of, log);
      return { type: 'switch', tip, tipParent, seen: log.meta.nextPosition };
    });
    return { tip: expectAnswer(answer, 'switched').tip };
  }

  async #make(
    operation: VersionOperation,
    input: Input<'regenerate'>,
    content: (of: Message) => string,
    filesOf: (of: Message) => Promise<MessageFile[]> = async () => [],
  ): Promise<Sent> {
    const { userId, sessionId, messageId, clientMessageId } = input;
    const actor = await openActor(this.#world, this.#directory, userId, sessionId);
    const ids = messageIdsFor(userId, sessionId, operation, clientMessageId);
    const first = await firstAnswer(this.#world, actor.state.meta, operation, ids);
    if (first) return repeated(this.#world, sessionId, first);
    const role = operation === 'edit' ? 'user' : 'assistant';
    const answer = await this.#decided(actor, messageId, async (of, log) => {
      // A reply without a question cannot be answered anew.
      if (of.role !== role || (role === 'assistant' && of.parentId === null)) throw noSuchMessage(operation);
      const files = await filesOf(of);
      return { type: 'version', operation, ids, clientMessageId, of, content: content(of), files, seen: log.meta.nextPosition };
    });
    return sent(this.#world, sessionId, expectAnswer(answer, 'sent'));
  }

  /** Looks at the message and submits what follows; looks again when the session has grown meanwhile. */
  async #decided(actor: SessionActor, messageId: string, command: (of: Message, log: LogView) => Command | Promise<Command>): Promise<Answer> {
    for (let look = 1; look <= LOOKS; look += 1) {
      // The log first: what history takes from it meanwhile is then in one of the two.
      const log = await this.#world.log.read(actor.sessionId, 0);
      if (!log || log.meta.deleted) throw noSuchSession();
      const of = await findIn(this.#world, log, messageId);
      if (!of) throw noSuchMessage();
      const answer = await actor.submit(await command(of, log));
      if (answer.type !== 'moved') return answer;
    }
    throw moving();
  }

  /** The newest of all that stand under this message, or itself. */
  async #newestUnder(of: Message, log: LogView): Promise<MessagePlace> {
    const stored = await this.#world.ports.history.outline(log.meta.sessionId, of.position);
    const all = new Map<string, MessagePlace>([...stored, ...messagesInLog(log)].map((place) => [place.id, place]));
    const under = new Set([of.id]);
    let newest: MessagePlace = of;
    for (const place of [...all.values()].sort((a, b) => a.position - b.position)) {
      if (place.parentId === null || !under.has(place.parentId)) continue;
      under.add(place.id);
      newest = place;
    }
    return newest;
  }
}

function noSuchMessage(operation?: VersionOperation): Error {
  const what = operation === undefined ? 'message' : operation === 'edit' ? 'message of yours' : 'reply';
  return chatError('not-found', `There is no such ${what} in this session.`);
}
