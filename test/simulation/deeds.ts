/** What a step of a plan does to the world. Everything that is away comes back by itself. */
import type { AiMachine } from './ai-machine.ts';
import { SESSION } from './around.ts';
import type { Machine } from './machine.ts';
import type { OwnerMachine } from './owner-machine.ts';
import type { Deed, Step } from './plan.ts';
import type { World } from './world.ts';

/** After this long the store has seen twice that nobody listens any more; a registry misses a silent node later. */
const GONE_MS = 300;
const HEARTBEAT_MS = 4_000;

/** `n`: which step of the plan it is. */
type Doing = (troubles: Troubles, world: World, step: Step, n: number) => void;

const DOINGS: Record<Deed, Doing> = {
  send: (_, world, { which }, n) => tabOf(world, which).store.send(`q${n} `),
  cancel: (_, world, { which }) => void tabOf(world, which).store.cancel(),
  rename: (_, world, { which }, n) => void tabOf(world, which).request('session:rename', { sessionId: SESSION, title: `title ${n}` }),
  configure: (_, world, { which }, n) => void tabOf(world, which).request('session:configure', { sessionId: SESSION, settings: { model: which === 0 ? null : `model ${n}` } }),
  rate: (_, world, { which }) => rate(world, which),
  repeat: (_, world, { which }) => repeat(world, which),
  regenerate: (_, world, { which }, n) => world.versions.make('message:regenerate', tabOf(world, which), which + n, n),
  edit: (_, world, { which }, n) => world.versions.make('message:edit', tabOf(world, which), which + n, n),
  select: (_, world, { which }, n) => world.versions.select(tabOf(world, which), which + n),
  'repeat-version': (_, world, { which }) => world.versions.repeat(tabOf(world, which), which),
  reload: (_, world, { which }) => tabOf(world, which).reload(),
  drop: (_, world, { which, ms }) => tabOf(world, which).drop(ms),
  delete: (_, world, { which }) => void tabOf(world, which).request('session:delete', { sessionId: SESSION }),
  'kill-ai': (troubles, world, { which, ms }) => troubles.killAi(some(world.ais(), which), ms),
  'pause-ai': (troubles, world, { which, ms }) => troubles.pause(some(world.ais(), which), ms),
  'stop-ai': (troubles, world, { which, ms }) => troubles.stopAi(some(world.ais(), which), ms),
  'kill-owner': (troubles, world, { which, ms }) => troubles.killOwner(some(world.owners(), which), ms),
  'pause-owner': (troubles, world, { which, ms }) => troubles.pause(some(world.owners(), which), ms),
  'stop-owner': (troubles, world, { which, ms }) => troubles.stopOwner(some(world.owners(), which), ms),
  'cut-owner': (troubles, world, { which, ms }) => troubles.cut(some(world.owners(), which), ms),
  'expel-owner': (troubles, world, { which }) => troubles.expel(some(world.owners(), which)),
  'history-away': (troubles, _, { ms }) => troubles.historyAway(ms),
  'store-away': (troubles, _, { ms }) => troubles.storeAway(ms),
  'store-restart': (troubles, _, { ms }) => troubles.storeAway(ms, 0),
  'store-loses-tail': (troubles, _, { ms, which }) => troubles.storeAway(ms, 1 + which * 3),
  'store-empty': (troubles) => troubles.storeEmpty(),
  'expire-events': (_, world) => world.store.expire(false),
  // Weeks pass: nobody is asking anything just then.
  'expire-log': (_, world) => world.tabs.every(({ asking }) => !asking) && world.store.expire(true),
};

const tabOf = (world: World, which: number) => world.tabs[which % world.tabs.length]!;
const some = <T>(among: T[], which: number): T | undefined => among[which % Math.max(1, among.length)];

/** A reply that the tab shows and that has ended, if there is one. */
function rate(world: World, which: number): void {
  const tab = tabOf(world, which);
  const reply = tab.store.snapshot.value.view?.messages.findLast(({ role, status }) => role === 'assistant' && status !== 'streaming');
  const rating = ([null, 'up', 'down'] as const)[which % 3] ?? null;
  if (reply) void tab.request('message:feedback', { sessionId: SESSION, messageId: reply.id, rating });
}

/** An accepted message once more, as a client sends that did not hear the answer. */
function repeat(world: World, which: number): void {
  const [clientMessageId, first] = [...world.sent][which % Math.max(1, world.sent.size)] ?? [];
  if (clientMessageId === undefined || !first) return;
  const message = { sessionId: SESSION, clientMessageId, content: first.content };
  void tabOf(world, which).request('message:send', message).then((answer) => answer.ok && world.accepted(message, answer.value));
}

export class Troubles {
  readonly #world: World;
  /** What lasts and is not over. */
  lasting = 0;
  /** When the last thing that lasted was over, in ms. */
  overAt = 0;
  /** Reasons for which a model may be asked a second time. */
  excuses = 0;

  constructor(world: World) {
    this.#world = world;
  }

  carryOut(step: Step, n: number): void {
    this.#world.timeline.note('plan', () => `${step.deed} ${step.which} ${step.ms}`);
    DOINGS[step.deed](this, this.#world, step, n);
  }

  killAi(machine: AiMachine | undefined, ms: number): void {
    if (!machine) return;
    this.excuses += 1;
    machine.crash();
    this.#goneSoon(machine);
    this.#last(ms, () => this.#world.startAi());
  }

  stopAi(machine: AiMachine | undefined, ms: number): void {
    if (!machine) return;
    this.excuses += 1;
    const { world } = { world: this.#world };
    world.timeline.note(machine.name, () => 'stops');
    machine.runs.stop();
    world.unlist(machine);
    world.scheduler.after(20, null, () => {
      machine.crash();
      world.tellGone(machine);
    });
    this.#last(ms, () => world.startAi());
  }

  killOwner(machine: OwnerMachine | undefined, ms: number): void {
    if (!machine) return;
    this.#loseRun();
    this.#world.forgetful ||= machine.owner !== null;
    machine.crash();
    this.#goneSoon(machine);
    this.#replace(machine, ms);
  }

  stopOwner(machine: OwnerMachine | undefined, ms: number): void {
    if (!machine) return;
    this.#loseRun();
    this.#world.forgetful ||= machine.owner !== null;
    void machine.stop().then(() => {
      this.#world.unlist(machine);
      this.#world.tellGone(machine);
    });
    this.#replace(machine, ms);
  }

  pause(machine: Machine | undefined, ms: number): void {
    if (!machine || machine.place.state !== 'up') return;
    const { scheduler, timeline } = this.#world;
    this.excuses += 1;
    timeline.note(machine.name, () => `stands still for ${ms} ms`);
    scheduler.pause(machine.place);
    scheduler.after(HEARTBEAT_MS, null, () => machine.place.state === 'paused' && this.#world.unlist(machine));
    this.#last(ms, () => {
      timeline.note(machine.name, () => 'goes on');
      scheduler.resume(machine.place);
      this.#world.list(machine);
    });
  }

  cut(machine: OwnerMachine | undefined, ms: number): void {
    const world = this.#world;
    if (!machine || world.cut.has(machine.place)) return;
    this.excuses += 1;
    world.timeline.note(machine.name, () => `is cut off for ${ms} ms`);
    world.cut.add(machine.place);
    machine.cut();
    world.scheduler.after(GONE_MS, null, () => {
      if (!world.cut.has(machine.place)) return;
      world.unlist(machine);
      world.tellGone(machine);
    });
    this.#last(ms, () => {
      world.cut.delete(machine.place);
      world.timeline.note(machine.name, () => 'is back');
      world.list(machine);
      if (world.store.up) this.#back(machine);
    });
  }

  /** The others take it for dead, and it is not: a hang nobody saw, a clock that ran ahead. */
  expel(machine: OwnerMachine | undefined): void {
    if (!machine?.owner) return;
    this.excuses += 1;
    this.#world.timeline.note(machine.name, () => 'is taken for dead');
    this.#world.store.bury(machine.name);
  }

  historyAway(ms: number): void {
    this.#world.timeline.note('history', () => `is away for ${ms} ms`);
    this.#world.history.up = false;
    this.#last(ms, () => (this.#world.history.up = true));
  }

  /** `lost`: restarted, without so many of its last writes. */
  storeAway(ms: number, lost?: number): void {
    const world = this.#world;
    if (!world.store.up) return;
    this.excuses += 1;
    world.timeline.note('store', () => `is away for ${ms} ms`);
    const wentAt = world.scheduler.now;
    world.store.up = false;
    for (const machine of world.owners()) machine.cut();
    this.#last(ms, () => {
      if (lost !== undefined) world.store.restart(lost, wentAt);
      world.store.up = true;
      world.timeline.note('store', () => 'is back');
      for (const machine of world.owners()) if (!world.cut.has(machine.place)) this.#back(machine);
    });
  }

  storeEmpty(): void {
    if (!this.#world.store.up) return;
    this.excuses += 1;
    this.#world.timeline.note('store', () => 'is emptied');
    this.#world.store.empty();
  }

  /** A run that no node is known to have taken is started anew by whoever owns the session next. */
  #loseRun(): void {
    const run = this.#world.store.kept(SESSION).meta?.run;
    if (!run || run.aiNode === null) this.excuses += 1;
  }

  #back(machine: OwnerMachine): void {
    const { scheduler, fate } = this.#world;
    scheduler.after(fate.hop(), machine.place, () => machine.restored());
  }

  #goneSoon(machine: Machine): void {
    const world = this.#world;
    world.scheduler.after(GONE_MS, null, () => {
      if (!world.store.up) return this.#goneSoon(machine);
      world.unlist(machine);
      world.tellGone(machine);
    });
  }

  #replace(machine: OwnerMachine, ms: number): void {
    const parts = { owner: machine.owner !== null, gateway: machine.gateway !== null };
    this.#last(ms, () => this.#world.startOwner(parts));
  }

  #last(ms: number, over: () => void): void {
    this.lasting += 1;
    this.#world.scheduler.after(ms, null, () => {
      this.lasting -= 1;
      this.overAt = this.#world.scheduler.now;
      over();
    });
  }
}
