/** Chats under the days they were last used on, newest first. */
import type { Session } from '../../../src/protocol/wire.ts';

export interface DayGroup {
  /** `today`, `yesterday`, or a day or month as the reader's language writes it. */
  key: string;
  label: string;
  sessions: readonly Session[];
}

const DAY_MS = 86_400_000;
const startOfDay = (time: number): number => new Date(time).setHours(0, 0, 0, 0);

/** Whole days between two moments by the reader's calendar; a day of 23 or 25 hours counts as one. */
function daysBetween(earlier: number, later: number): number {
  return Math.round((startOfDay(later) - startOfDay(earlier)) / DAY_MS);
}

function capital(text: string, locale: string): string {
  return text.slice(0, 1).toLocaleUpperCase(locale) + text.slice(1);
}

function labelOf(time: number, now: number, locale: string): string {
  const days = daysBetween(time, now);
  if (days <= 1) return capital(new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-Math.max(0, days), 'day'), locale);
  if (days < 7) return capital(new Intl.DateTimeFormat(locale, { weekday: 'long' }).format(time), locale);
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return capital(new Intl.DateTimeFormat(locale, { month: 'long', ...(!sameYear && { year: 'numeric' }) }).format(time), locale);
}

export function groupByDay(sessions: readonly Session[], now: number, locale: string): DayGroup[] {
  const groups: { key: string; label: string; sessions: Session[] }[] = [];
  for (const session of sessions) {
    const label = labelOf(Date.parse(session.updatedAt), now, locale);
    const last = groups.at(-1);
    if (last?.label === label) last.sessions.push(session);
    else groups.push({ key: session.id, label, sessions: [session] });
  }
  return groups;
}
