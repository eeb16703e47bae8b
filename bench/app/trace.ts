/** The main thread's work between two frames, from Chromium's own trace. */
import type { CDPSession } from 'playwright-core';

interface TraceEvent {
  name: string;
  ph: string;
  ts: number;
  dur?: number;
  tid: number;
  pid: number;
}

const WORK = new Set(['RunMicrotasks', 'FunctionCall', 'FireAnimationFrame', 'TimerFire', 'EventDispatch', 'EvaluateScript', 'V8.GC_MC_SCAVENGER', 'MinorGC', 'MajorGC',
  'Layout', 'UpdateLayoutTree', 'IntersectionObserverController::computeIntersections', 'PrePaint', 'Paint', 'Layerize', 'Commit', 'HitTest', 'ParseHTML']);
const FRAME = 'FireAnimationFrame';

export async function traced(devtools: CDPSession, task: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  const collect = (chunk: { value: unknown[] }): void => void events.push(...(chunk.value as TraceEvent[]));
  devtools.on('Tracing.dataCollected', collect);
  await devtools.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['devtools.timeline', 'v8'] } });
  await task();
  const complete = new Promise<void>((resolve) => devtools.once('Tracing.tracingComplete', () => resolve()));
  await devtools.send('Tracing.end');
  await complete;
  devtools.off('Tracing.dataCollected', collect);
  return events;
}

/** Milliseconds of script, style, layout and paint in each frame that drew something. Nested events count once. */
export function workPerFrame(events: readonly TraceEvent[]): number[] {
  const frames = events.filter(({ name }) => name === FRAME);
  const main = mostCommon(frames.map(({ pid, tid }) => `${pid}/${tid}`));
  const onMain = events.filter(({ pid, tid }) => `${pid}/${tid}` === main).sort((a, b) => a.ts - b.ts);
  const work: number[] = [];
  let covered = 0;
  let current = 0;
  for (const event of onMain) {
    if (event.name === FRAME) {
      if (current > 0) work.push(current / 1000);
      current = 0;
    }
    if (event.ph !== 'X' || !WORK.has(event.name)) continue;
    const end = event.ts + (event.dur ?? 0);
    current += Math.max(0, end - Math.max(event.ts, covered));
    covered = Math.max(covered, end);
  }
  return work;
}

function mostCommon(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
