/**
 * The runs of this node. Guarantees: a run ends by itself exactly once; what an owner has not acknowledged is kept and
 * sent again; whoever has a lower epoch than the run is not heard; a run nobody wants is closed upstream too; a run
 * that was given up before it came here does not take the place of the one that replaced it.
 */
import type { Clock, Random } from '../clock.ts';
import { chatError } from '../errors.ts';
import type { ActionInput, AiStatus, RunEnd, RunView } from '../protocol/broker.ts';
import { askToContinue } from './asking.ts';
import { Generation } from './generation.ts';
import { checkModel } from './model-list.ts';
import { Outgoing, type Defer, type SendChunks } from './outgoing.ts';
import type { Provider } from './providers/provider.ts';
import { Recent } from './recent.ts';
import { Run } from './run.ts';
import { runReporter, type AiLogger } from './run-reporter.ts';

export interface AiSettings {
  AI_MAX_CONCURRENT: number;
  AI_FIRST_TOKEN_MS: number;
  AI_STALL_MS: number;
  AI_MAX_REPLY_CHARS: number;
  AI_RETRIES: number;
  AI_RESEND_MS: number;
  AI_ORPHAN_MS: number;
  AI_SYSTEM_PROMPT: string;
  AI_MODELS: string[];
}
export interface AiPorts {
  clock: Clock;
  random: Random;
  defer: Defer;
  /** Hands chunks to one owner node. May be lost: they are sent again until acknowledged. */
  send: SendChunks;
  logger: AiLogger;
}
interface Entry {
  run: Run;
  generation: Generation;
}
type Ack = ActionInput<'ai.ack'>['acks'][number];

/** Runs whose cancel or last acknowledgement came: a late `generate` for one of them begins nothing. */
const REMEMBERED = 10_000;
/** Looks for overdue text this often within AI_RESEND_MS. */
const TICKS = 4;

export class Runs {
  private readonly nodeId: string;
  private readonly settings: AiSettings;
  private readonly provider: Provider;
  private readonly ports: AiPorts;
  private readonly outgoing: Outgoing;
  private readonly entries = new Map<string, Entry>();
  private readonly closed = new Recent<string, number>(REMEMBERED);
  /** By reply: the newest run that began here. */
  private readonly newest = new Recent<string, Rank>(REMEMBERED);
  private stopTick: (() => void) | null = null;
  private stopped = false;

  constructor(nodeId: string, settings: AiSettings, provider: Provider, ports: AiPorts) {
    this.nodeId = nodeId;
    this.settings = settings;
    this.provider = provider;
    this.ports = ports;
    this.outgoing = new Outgoing(ports.send, ports.defer);
  }

  /** Answers when the run is registered and begun. Throws `ai-unavailable` when this node cannot take it. */
  generate(params: ActionInput<'ai.generate'>): { aiNode: string } {
    const answer = { aiNode: this.nodeId };
    if (this.entries.has(params.runId)) {
      const run = this.hear(params.runId, params.epoch);
      if (run !== null) this.adopt(run, params.ownerNode, params.prefix.length);
      return answer;
    }
    if ((this.closed.get(params.runId) ?? 0) >= params.epoch) return answer;
    this.abandonOlder(params);
    if (this.stopped) throw chatError('ai-unavailable', 'This AI node is stopping. Try again.');
    if (this.load() >= this.settings.AI_MAX_CONCURRENT) throw chatError('ai-unavailable', 'All places for answers are taken. Try again in a moment.');
    checkModel(params.settings?.model, this.provider, this.settings.AI_MODELS);
    this.begin(params);
    return answer;
  }

  /** A new owner takes the run over; what follows `offset` goes to it at once. */
  attach(params: ActionInput<'ai.attach'>): { known: boolean } {
    const run = this.hear(params.runId, params.epoch);
    return { known: run !== null && this.adopt(run, params.ownerNode, params.offset) };
  }

  replay(params: ActionInput<'ai.replay'>): { known: boolean } {
    const run = this.hear(params.runId, params.epoch);
    return { known: run !== null && this.adopt(run, run.ownerNode, params.offset) };
  }

  ack(acks: Ack[]): void {
    for (const ack of acks) {
      const run = this.hear(ack.runId, ack.epoch);
      if (run === null) continue;
      if (ack.ended) this.close(run);
      else run.acknowledge(ack.offset);
    }
  }

  cancel(params: ActionInput<'ai.cancel'>): { known: boolean } {
    const run = this.hear(params.runId, params.epoch);
    if (run === null) {
      if (!this.entries.has(params.runId)) this.closed.set(params.runId, params.epoch);
      return { known: false };
    }
    this.ports.logger.info({ ...run.ids, characters: run.length }, 'run cancelled');
    this.close(run);
    return { known: true };
  }

  /** An owner has logged what it was sent, up to the number that came with it. */
  taken(ownerNode: string, credit: number): void {
    this.outgoing.taken(ownerNode, credit);
  }

  status(): AiStatus {
    const { name, model } = this.provider;
    return { nodeId: this.nodeId, provider: name, model, load: this.load(), capacity: this.settings.AI_MAX_CONCURRENT };
  }

  views(): RunView[] {
    const now = this.ports.clock.now();
    return [...this.entries.values()].map(({ run }) => run.view(now));
  }

  /** Sends what waits for the tick, then closes every upstream. Owners take their replies elsewhere. */
  stop(): void {
    this.stopped = true;
    this.outgoing.flush();
    for (const { run } of [...this.entries.values()]) this.drop(run);
  }

  private load(): number {
    let running = 0;
    for (const { run } of this.entries.values()) if (!run.ended) running += 1;
    return running;
  }

  private begin(params: ActionInput<'ai.generate'>): void {
    const { clock, logger } = this.ports;
    const { prefix, sessionId, settings = {} } = params;
    const { model, temperature, systemPrompt: system = this.settings.AI_SYSTEM_PROMPT } = settings;
    const { AI_FIRST_TOKEN_MS: firstTokenMs, AI_STALL_MS: stallMs, AI_RETRIES: retries, AI_MAX_REPLY_CHARS: maxChars } = this.settings;
    const run = new Run(params, params.ownerNode, params.epoch, prefix.length, clock.now());
    const messages = system === '' ? params.messages : [{ role: 'system' as const, content: system }, ...params.messages];
    const wanted = { sessionId, ...(model !== undefined && { model }), ...(temperature !== undefined && { temperature }) };
    const request = params.asking ? { ...wanted, messages: askToContinue(messages, prefix), prefix: '' } : { ...wanted, messages, prefix };
    const generation = new Generation(this.provider, request, { firstTokenMs, stallMs, retries, maxChars: maxChars - (prefix.length - request.prefix.length) }, this.ports, {
      ...runReporter(run, logger),
      text: (piece) => {
        run.append(piece);
        this.outgoing.mark(run);
      },
      ended: (end) => this.finish(run, end),
    });
    this.entries.set(run.id, { run, generation });
    this.newest.set(run.replyId, { epoch: params.epoch, runNumber: params.runNumber });
    logger.info({ ...run.ids, owner: run.ownerNode, epoch: run.epoch, base: prefix.length }, 'run accepted');
    generation.start();
    this.stopTick ??= this.ports.clock.after(this.tickMs(), () => this.tick());
  }

  private finish(run: Run, end: RunEnd): void {
    run.finish(end);
    this.outgoing.mark(run);
  }

  /** The run, when the speaker's epoch counts; it is wanted and its epoch is known from now on. */
  private hear(runId: string, epoch: number): Run | null {
    const run = this.entries.get(runId)?.run;
    if (run === undefined || epoch < run.epoch) return null;
    run.epoch = epoch;
    run.heardAt = this.ports.clock.now();
    return run;
  }

  /** Sends the tail from `offset` to `ownerNode`, from now on the run's destination. False: that text is gone. */
  private adopt(run: Run, ownerNode: string, offset: number): boolean {
    if (!run.has(offset)) return false;
    run.ownerNode = ownerNode;
    this.outgoing.sendAll([[run, run.takeFrom(offset, this.ports.clock.now(), this.settings.AI_RESEND_MS)]]);
    return true;
  }

  /** One run per reply. The newer one wins, by its owner and then by its number: messages come late, and out of order. */
  private abandonOlder(params: ActionInput<'ai.generate'>): void {
    const others = [...this.entries.values()].map(({ run }) => run).filter((run) => run.replyId === params.replyId);
    if (others.some((run) => run.epoch > params.epoch)) throw chatError('ai-unavailable', 'Another node has taken this session over.');
    if (isOlder(params, this.newest.get(params.replyId))) throw chatError('ai-unavailable', 'A newer run of this reply was here.');
    for (const run of others) {
      this.ports.logger.info({ ...run.ids, by: params.runId }, 'run superseded');
      this.close(run);
    }
  }

  /** Ends it for good: a late `generate` for it begins nothing. */
  private close(run: Run): void {
    this.closed.set(run.id, run.epoch);
    this.drop(run);
  }

  private drop(run: Run): void {
    this.entries.get(run.id)?.generation.abort();
    this.entries.delete(run.id);
    this.outgoing.forget(run);
    if (this.entries.size > 0) return;
    this.stopTick?.();
    this.stopTick = null;
  }

  private tickMs(): number {
    return Math.ceil(Math.min(this.settings.AI_RESEND_MS, this.settings.AI_ORPHAN_MS) / TICKS);
  }

  private tick(): void {
    const now = this.ports.clock.now();
    const runs = [...this.entries.values()].map((entry) => entry.run);
    for (const run of runs.filter((orphan) => now - orphan.heardAt >= this.settings.AI_ORPHAN_MS)) {
      this.ports.logger.warn({ ...run.ids, owner: run.ownerNode }, 'run orphaned: no owner acknowledged it');
      this.drop(run);
    }
    const kept = runs.filter((run) => this.entries.has(run.id));
    this.outgoing.sendAll(kept.map((run) => [run, run.takeOverdue(now, this.settings.AI_RESEND_MS)]));
    this.outgoing.look(new Set(kept.map((run) => run.ownerNode)));
    this.stopTick = this.entries.size > 0 ? this.ports.clock.after(this.tickMs(), () => this.tick()) : null;
  }
}

type Rank = Pick<ActionInput<'ai.generate'>, 'epoch' | 'runNumber'>;

function isOlder({ epoch, runNumber }: Rank, than: Rank | undefined): boolean {
  return than !== undefined && (epoch < than.epoch || (epoch === than.epoch && runNumber < than.runNumber));
}
