/** The runs of one ai node with a virtual clock, a scripted provider, and the chunks that left it, per owner node; owners log at once what they get. */
import { Runs, type AiSettings } from '../../../src/ai/runs.ts';
import type { ActionInput, RunChunk, RunEnd } from '../../../src/protocol/broker.ts';
import { assemble } from '../../support/assemble.ts';
import { virtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import { ScriptedProvider } from './scripted-provider.ts';

export const SETTINGS: AiSettings = {
  AI_MAX_CONCURRENT: 4,
  AI_FIRST_TOKEN_MS: 60_000,
  AI_STALL_MS: 30_000,
  AI_MAX_REPLY_CHARS: 1_000_000,
  AI_RETRIES: 2,
  AI_RESEND_MS: 1_000,
  AI_ORPHAN_MS: 30_000,
  AI_SYSTEM_PROMPT: '',
  AI_MODELS: [],
};

export interface Sent {
  node: string;
  at: number;
  chunks: RunChunk[];
}
export interface LogLine {
  level: string;
  message: string;
  fields: Record<string, unknown>;
}

export interface Rig {
  runs: Runs;
  provider: ScriptedProvider;
  clock: VirtualClock;
  sent: Sent[];
  log: LogLine[];
  chunks(node?: string): RunChunk[];
  text(node?: string, base?: number): string;
  ends(node?: string): RunEnd[];
}

export function rig(settings: Partial<AiSettings> = {}): Rig {
  const clock = virtualClock();
  const provider = new ScriptedProvider();
  const sent: Sent[] = [];
  const log: LogLine[] = [];
  const line = (level: string) => (fields: object, message: string) => void log.push({ level, message, fields: { ...fields } });
  const runs = new Runs('ai-1', { ...SETTINGS, ...settings }, provider, {
    clock,
    random: () => 0.5,
    defer: setImmediate,
    send(node, chunks, credit) {
      sent.push({ node, at: clock.now(), chunks });
      if (credit !== undefined) queueMicrotask(() => runs.taken(node, credit));
    },
    logger: { info: line('info'), warn: line('warn'), error: line('error') },
  });
  const chunks = (node = 'owner-1'): RunChunk[] => sent.filter((event) => event.node === node).flatMap((event) => event.chunks);
  return {
    runs,
    provider,
    clock,
    sent,
    log,
    chunks,
    text: (node, base) => assemble(chunks(node), base),
    ends: (node) => chunks(node).flatMap((chunk) => chunk.end ?? []),
  };
}

export function request(more: Partial<ActionInput<'ai.generate'>> = {}): ActionInput<'ai.generate'> {
  return {
    runId: 'run-1',
    sessionId: 'session-1',
    replyId: 'reply-1',
    ownerNode: 'owner-1',
    epoch: 1,
    runNumber: 1,
    messages: [{ role: 'user', content: 'Hi' }],
    prefix: '',
    ...more,
  };
}
