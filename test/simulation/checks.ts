/** What must hold once nothing happens any more. */
import type { Feedback, Message, SessionSettings } from '../../src/protocol/wire.ts';
import { mixedReplies } from './ai-machine.ts';
import { SESSION } from './around.ts';
import type { Troubles } from './deeds.ts';
import { answerTo } from './model.ts';
import { pathTo } from './versions.ts';
import type { World } from './world.ts';

type Fail = (what: string) => void;
type Messages = ReadonlyMap<string, Message>;
const short = ({ id, content, status }: Pick<Message, 'id' | 'content' | 'status'>): object => ({ id, content, status });
const shown = (messages: readonly Pick<Message, 'id' | 'content' | 'status'>[]): string => JSON.stringify(messages.map(short));

/** Why the world is not at rest yet; null: it is. Cheap, since it is asked after each step. */
export function unsettled(world: World): string | null {
  const { witness, store, tabs, calls } = world;
  if (!store.resting) return 'the store settles';
  if (witness.openReplies > 0) return 'a reply has no end';
  const coming = world.owners().find(({ owner }) => owner !== null && owner.directory.isLive(SESSION) && owner.directory.view(SESSION).length === 0);
  if (coming) return `${coming.name} claims the session, or writes it anew`;
  const { meta } = store.kept(SESSION);
  if (meta && meta.storedThrough < meta.head) return 'history lacks something';
  for (const { name, store: tab, asking } of tabs) {
    if (asking) return `${name} waits for an answer`;
    const { phase, view, pending } = tab.snapshot.value;
    // A session that never came to be is begun anew under another id.
    if (phase === 'failed' || view?.deleted || (view && view.session.id !== SESSION)) continue;
    if (pending.some(({ status }) => status === 'sending')) return `${name} has a message on its way`;
    if (phase !== 'live' || !view) return `${name} is ${phase}`;
    if (view.streaming) return `${name} shows a reply that streams`;
    if (meta && meta.head > 0 && (view.cursor.logId !== meta.logId || view.cursor.seq !== meta.head)) return `${name} is at ${view.cursor.logId} #${view.cursor.seq}, the log at ${meta.logId} #${meta.head}`;
  }
  if (calls.some(({ open }) => open)) return 'a model still answers';
  // An owner that went may have taken the word of an end with it.
  if (world.ais().some(({ runs }) => runs.views().some(({ ended }) => !ended || !world.forgetful))) return 'an ai node keeps a run';
  return null;
}

export async function check(world: World, troubles: Troubles): Promise<void> {
  const fail: Fail = (what) => world.timeline.fail('check', what);
  const seen = world.witness.of(SESSION);
  const record = await world.history.store.session(SESSION);
  if (seen.deleted && !seen.lost) return checkDeleted(world, record?.deleted === true, fail);
  if (record?.deleted) return;
  const stored = (await world.history.store.page(SESSION, undefined, 1_000)).messages;
  const messages: Messages = new Map(stored.map((message) => [message.id, message]));
  for (const message of stored) if (message.role === 'assistant') checkReply(world, message, messages, fail);
  if (!seen.lost) {
    checkHistory(stored, seen.messages, record?.record ?? null, seen.title, fail);
    checkFeedback(world, stored, seen.ratings, fail);
    checkTitle(world, seen.title, fail);
    checkSettings(world, seen.settings, record?.record ?? null, fail);
  }
  checkOnce(stored, fail);
  if (world.excused) return;
  const here = world.tabs.filter(({ store: { snapshot } }) => (snapshot.value.sessionId ?? SESSION) === SESSION);
  const active = shown(pathTo(messages, record?.record.tip ?? null));
  for (const tab of here) if (active !== JSON.stringify(tab.shown())) fail(`${tab.name} shows ${JSON.stringify(tab.shown())}, history has ${active}`);
  checkAccepted(world, messages, fail);
  if (!seen.lost) world.versions.check(messages, fail);
  for (const { name, store } of world.tabs) if (store.snapshot.value.phase === 'failed' && !seen.lost) fail(`${name} gave up: ${store.snapshot.value.error?.message}`);
  checkCalls(world, troubles, stored, fail);
}

function checkDeleted(world: World, tombstone: boolean, fail: Fail): void {
  if (!tombstone && world.witness.of(SESSION).messages.size > 0) fail('deleted, and history has no tombstone');
}

function checkHistory(stored: Message[], seen: Messages, record: { messageCount: number; title: string } | null, title: string | null, fail: Fail): void {
  const logged = [...seen.values()].sort((a, b) => a.position - b.position);
  if (shown(stored) !== shown(logged)) fail(`history has ${shown(stored)}, the log ${shown(logged)}`);
  if (record && record.messageCount !== logged.length) fail(`history counts ${record.messageCount} of ${logged.length} messages`);
  if (record && title !== null && record.title !== title) fail(`history has the title ${record.title}, the log ${title}`);
}

function checkFeedback(world: World, stored: Message[], told: ReadonlyMap<string, Feedback | null>, fail: Fail): void {
  for (const { id, feedback = null } of stored) {
    if (JSON.stringify(feedback) !== JSON.stringify(told.get(id) ?? null)) fail(`history has the feedback ${JSON.stringify(feedback)} of ${id}, the log ${JSON.stringify(told.get(id))}`);
  }
  for (const { name, store } of world.excused ? [] : world.tabs) {
    const { view } = store.snapshot.value;
    if (view?.session.id !== SESSION) continue;
    for (const { id, feedback = null } of view.messages) if (JSON.stringify(feedback) !== JSON.stringify(told.get(id) ?? null)) fail(`${name} has the feedback ${JSON.stringify(feedback)} of ${id}, the log ${JSON.stringify(told.get(id))}`);
  }
}

/** Tabs have the title the log was told last. */
function checkTitle(world: World, told: string | null, fail: Fail): void {
  if (told === null) return;
  for (const { name, store } of world.excused ? [] : world.tabs) {
    const { view } = store.snapshot.value;
    if (view?.session.id === SESSION && view.session.title !== told) fail(`${name} has the title ${view.session.title}, the log ${told}`);
  }
}

/** Tabs and history have what the log was told last, and no reply was asked for in two ways. */
function checkSettings(world: World, told: SessionSettings, record: { settings?: SessionSettings | undefined } | null, fail: Fail): void {
  const wanted = JSON.stringify(told);
  if (record && JSON.stringify(record.settings ?? {}) !== wanted) fail(`history has the settings ${JSON.stringify(record.settings)}, the log ${wanted}`);
  for (const { name, store } of world.excused ? [] : world.tabs) {
    const { view } = store.snapshot.value;
    if (view?.session.id === SESSION && JSON.stringify(view.session.settings ?? {}) !== wanted) fail(`${name} has the settings ${JSON.stringify(view.session.settings)}, the log ${wanted}`);
  }
  for (const reply of mixedReplies(world)) fail(`the runs of reply ${reply} asked for different settings`);
}

/** One run's text, or one answer that several runs continued exactly. */
function checkReply(world: World, message: Message, messages: Messages, fail: Fail): void {
  const { id, status } = message;
  if (status === 'streaming') fail(`reply ${id} is stored without an end`);
  if (!message.content.isWellFormed()) fail(`reply ${id} cuts a pair`);
  // A model that breaks off within a pair leaves a mark of it.
  const content = status === 'failed' ? message.content.replace(/\uFFFD$/, '') : message.content;
  const question = messages.get(message.parentId ?? '')?.content ?? '';
  const whole = world.continuation === 'prefill' ? answerTo(question) : (world.calls.find(({ text }) => content !== '' && text.startsWith(content.slice(0, 4)))?.text ?? '');
  if (!whole.startsWith(content)) fail(`reply ${id} is no answer of one run: ${JSON.stringify(content)}`);
  if (status === 'complete' && content !== whole) fail(`reply ${id} is complete and lacks text: ${content} of ${whole}`);
}

function checkAccepted(world: World, messages: Messages, fail: Fail): void {
  for (const [clientMessageId, { messageId, replyId, content }] of world.sent) {
    if (messages.get(messageId)?.content !== content) fail(`the accepted ${clientMessageId} is lost`);
    if (messages.get(replyId)?.parentId !== messageId) fail(`the accepted ${clientMessageId} has no reply`);
  }
  for (const { messageId, status } of world.cancels) {
    const now = messages.get(messageId)?.status;
    if (now !== status) fail(`a cancel of ${messageId} was told ${status}, and it is ${now}`);
  }
}

function checkOnce(stored: Message[], fail: Fail): void {
  const asked = stored.flatMap(({ clientMessageId }) => clientMessageId ?? []);
  if (new Set(asked).size !== asked.length) fail(`a message is there twice: ${asked.join(' ')}`);
  if (new Set(stored.map(({ position }) => position)).size !== stored.length) fail('two messages at one position');
}

/** The prompt is the whole path to the reply; no model is asked twice without need. */
function checkCalls({ calls, fate, witness }: World, { excuses }: Troubles, stored: Message[], fail: Fail): void {
  const messages = new Map(stored.map((message) => [message.id, message]));
  for (const { number, request } of calls) {
    const question = request.messages.at(-1)?.content ?? '';
    const asked = stored.find(({ role, content }) => role === 'user' && content === question);
    if (!asked) continue;
    const before = pathTo(messages, asked.id).map(({ content }) => content).filter((content) => content !== '');
    const got = request.messages.map(({ content }) => content);
    if (JSON.stringify(got) !== JSON.stringify(before)) fail(`call ${number} got the prompt ${JSON.stringify(got)} instead of ${JSON.stringify(before)}`);
  }
  const { lostCalls, doubtful, fickle, late } = fate.troubles;
  const needless = calls.length - stored.filter(({ role }) => role === 'assistant').length - excuses - lostCalls - doubtful - fickle - late;
  if (needless > 0 && !witness.of(SESSION).lost) fail(`${needless} calls of a model were not needed`);
}
