/** The rules of a session's settings: what its replies ask of the model from the next one on. Pure. */
import type { SessionSettings, SettingsChange } from '../protocol/wire.ts';
import { answer, type Decision } from './decision.ts';
import { wholeSession, type SessionState } from './state.ts';

export function configure(state: SessionState, change: SettingsChange): Decision {
  const before = state.meta.settings ?? {};
  const settings = changed(before, change);
  if (isSame(settings, before)) return answer({ type: 'configured', session: wholeSession(state.meta) });
  // It is no change of the conversation: the session keeps its place in the list.
  const meta = { rev: state.meta.rev + 1, settings };
  return {
    events: [{ type: 'session.configured', settings }],
    meta,
    ops: [],
    effects: [],
    answer: { type: 'configured', session: wholeSession({ ...state.meta, ...meta }) },
  };
}

function changed(before: SessionSettings, change: SettingsChange): SessionSettings {
  const model = after(before.model, change.model);
  const temperature = after(before.temperature, change.temperature);
  const systemPrompt = after(before.systemPrompt, change.systemPrompt?.trim() === '' ? null : change.systemPrompt);
  return { ...(model !== undefined && { model }), ...(temperature !== undefined && { temperature }), ...(systemPrompt !== undefined && { systemPrompt }) };
}

/** Absent: as before; null: none. */
function after<T>(before: T | undefined, change: T | null | undefined): T | undefined {
  return change === undefined ? before : (change ?? undefined);
}

function isSame(a: SessionSettings, b: SessionSettings): boolean {
  return a.model === b.model && a.temperature === b.temperature && a.systemPrompt === b.systemPrompt;
}
