/** A process with the ai service: the product's Runs over a simulated model. */
import { Runs, type AiSettings } from '../../src/ai/runs.ts';
import { nodeGroup, type ActionInput, type EventPayload } from '../../src/protocol/broker.ts';
import { emitTo } from '../../src/typed-call.ts';
import type { Around } from './around.ts';
import { Machine } from './machine.ts';
import { Model } from './model.ts';
import { shown } from './timeline.ts';

/** The defaults in shorter times. */
const SETTINGS: AiSettings = {
  AI_MAX_CONCURRENT: 4,
  AI_MAX_REPLY_CHARS: 100_000,
  AI_FIRST_TOKEN_MS: 8_000,
  AI_STALL_MS: 4_000,
  AI_RETRIES: 1,
  AI_RESEND_MS: 1_000,
  AI_ORPHAN_MS: 8_000,
  AI_SYSTEM_PROMPT: '',
  AI_MODELS: [],
};

/** Per world: what the first run of each reply asked the model for, and the replies of which another run asked for something else. */
const asked = new WeakMap<Around, { first: Map<string, string>; mixed: Set<string> }>();

export function mixedReplies(world: Around): string[] {
  return [...(asked.get(world)?.mixed ?? [])];
}

function note(world: Around, { replyId, settings = {} }: ActionInput<'ai.generate'>): void {
  const known = asked.get(world) ?? { first: new Map<string, string>(), mixed: new Set<string>() };
  asked.set(world, known);
  const wanted = JSON.stringify(settings);
  if ((known.first.get(replyId) ?? wanted) !== wanted) known.mixed.add(replyId);
  known.first.set(replyId, known.first.get(replyId) ?? wanted);
}

export class AiMachine extends Machine {
  readonly runs: Runs;

  constructor(world: Around, name: string) {
    super(world, name);
    const { scheduler, timeline, fate } = world;
    const say = (fields: object, text: string): void => timeline.note(name, () => `${text} ${shown(fields)}`);
    this.runs = new Runs(name, SETTINGS, new Model(name, world, this.clock), {
      clock: this.clock,
      random: fate.random,
      defer: (task) => void scheduler.after(0, this.place, task),
      send: (ownerNode, chunks, credit) => emitTo(this.broker, nodeGroup('session-owner', ownerNode), 'ai.chunks', { aiNode: name, chunks, credit }),
      logger: { info: say, warn: say, error: (fields, text) => timeline.fail(name, `${text} ${shown(fields)}`) },
    });
    this.events.set('ai.taken', ({ ownerNode, credit }: EventPayload<'ai.taken'>) => this.runs.taken(ownerNode, credit));
    this.actions.set('ai.generate', (params: ActionInput<'ai.generate'>) => {
      note(world, params);
      return this.runs.generate(params);
    });
    this.actions.set('ai.attach', (params: ActionInput<'ai.attach'>) => this.runs.attach(params));
    this.actions.set('ai.replay', (params: ActionInput<'ai.replay'>) => this.runs.replay(params));
    this.actions.set('ai.ack', (params: ActionInput<'ai.ack'>) => this.runs.ack(params.acks));
    this.actions.set('ai.cancel', (params: ActionInput<'ai.cancel'>) => this.runs.cancel(params));
  }

  /** The system closes its connections to the model server. */
  override crash(): void {
    super.crash();
    for (const call of this.world.calls) if (call.by === this.name) call.open = false;
  }
}
