import { groupByDay } from '../../../public/src/composables/group-by-day.ts';

const NOW = new Date(2026, 2, 18, 9, 0).getTime();
const at = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString();
const session = (updatedAt: string, id: string) => ({ id, title: id, createdAt: updatedAt, updatedAt, messageCount: 2, streaming: false });
const SESSIONS = [
  session(at(2026, 2, 18, 8, 59), 'now'),
  session(at(2026, 2, 18, 0, 0), 'midnight'),
  session(at(2026, 2, 17, 23, 59), 'lastNight'),
  session(at(2026, 2, 15, 12, 0), 'sunday'),
  session(at(2026, 2, 1, 12, 0), 'march'),
  session(at(2026, 0, 30, 12, 0), 'january'),
  session(at(2025, 11, 24, 12, 0), 'december'),
];
const labels = (locale: string) => groupByDay(SESSIONS, NOW, locale).map(({ label, sessions }) => [label, ...sessions.map(({ id }) => id)]);

it('U70 chats stand under their days, in the words of the reader', () => {
  expect(labels('en-GB')).toEqual([['Today', 'now', 'midnight'], ['Yesterday', 'lastNight'], ['Sunday', 'sunday'], ['March', 'march'], ['January', 'january'], ['December 2025', 'december']]);
  expect(labels('vi')).toEqual([['Hôm nay', 'now', 'midnight'], ['Hôm qua', 'lastNight'], ['Chủ Nhật', 'sunday'], ['Tháng 3', 'march'], ['Tháng 1', 'january'], ['Tháng 12 năm 2025', 'december']]);
});

it('U70 a clock that is behind the server makes no tomorrow', () => {
  expect(groupByDay([session(at(2026, 2, 19, 3, 0), 'ahead')], NOW, 'en').map(({ label }) => label)).toEqual(['Today']);
});
