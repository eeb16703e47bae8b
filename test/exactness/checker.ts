/** Everything that was seen of one session, compared. No verdict: the promises were kept, as far as anybody saw. */
import { logAgrees, seqsReused, trailAgrees } from './check-log.ts';
import { messagesKept } from './check-messages.ts';
import { runsAreClean } from './check-runs.ts';
import { difference, shown } from './fold.ts';
import type { Found, SessionRecording, Verdict } from './recording.ts';
import { TabReplay } from './tab-replay.ts';

export function check(recording: SessionRecording): Verdict[] {
  const { sessionId, tabs, sent, generations, stored, log, trail, faults } = recording;
  const found: Found[] = [
    ...tabs.flatMap((tab) => {
      const replay = new TabReplay(tab, faults);
      const unlike = difference([...replay.messages.values()], stored.map(shown));
      return [...replay.found, ...(unlike === null ? [] : [{ kind: 'differs' as const, detail: `${tab.name} and history: ${unlike}` }])];
    }),
    ...seqsReused(recording),
    ...(log ? logAgrees(log, stored) : []),
    ...(trail ? trailAgrees(trail, stored) : []),
    ...messagesKept(sent, stored),
    ...runsAreClean({ sent, stored, generations, faults }),
  ];
  return found.map((verdict) => ({ sessionId, ...verdict }));
}
