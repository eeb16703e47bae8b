/** Versions of messages, as tabs ask for them, and what must hold of them in the end. */
import type { Message } from '../../src/protocol/wire.ts';
import { SESSION, type Around } from './around.ts';
import type { Tab } from './tab.ts';

type Asked = { name: 'message:regenerate' | 'message:edit'; messageId: string; clientMessageId: string; content: string };
interface Made extends Asked {
  answer: { messageId: string; replyId: string } | null;
}
type Fail = (what: string) => void;
type Messages = ReadonlyMap<string, Message>;

export class Versions {
  readonly #world: Around;
  readonly #made = new Map<string, Made>();

  constructor(world: Around) {
    this.#world = world;
  }

  /** `which`: of the messages there are. */
  make(name: Asked['name'], tab: Tab, which: number, n: number): void {
    const of = this.#some(which, name === 'message:edit' ? 'user' : 'assistant');
    if (of) this.#ask(tab, { name, messageId: of.id, clientMessageId: `v${n}`, content: `q${n} ` });
  }

  /** As a tab asks that did not hear the answer. */
  repeat(tab: Tab, which: number): void {
    const asked = [...this.#made.values()][which % Math.max(1, this.#made.size)];
    if (asked) this.#ask(tab, asked);
  }

  select(tab: Tab, which: number): void {
    const of = this.#some(which);
    if (of) void tab.request('message:select', { sessionId: SESSION, messageId: of.id });
  }

  #some(which: number, role?: Message['role']): Message | undefined {
    const all = [...this.#world.witness.of(SESSION).messages.values()].filter((message) => role === undefined || message.role === role);
    return all[which % Math.max(1, all.length)];
  }

  #ask(tab: Tab, asked: Asked): void {
    const { name, messageId, clientMessageId, content } = asked;
    const made: Made = this.#made.get(clientMessageId) ?? { ...asked, answer: null };
    this.#made.set(clientMessageId, made);
    const fields = { sessionId: SESSION, messageId, clientMessageId };
    const request = name === 'message:edit' ? tab.request(name, { ...fields, content }) : tab.request(name, fields);
    void request.then((result) => result.ok && this.#accepted(made, result.value));
  }

  #accepted(made: Made, answer: { messageId: string; replyId: string }): void {
    const { clientMessageId, answer: first } = made;
    this.#world.timeline.note('client', () => `${clientMessageId} accepted as ${answer.messageId}, reply ${answer.replyId}`);
    if (first && (first.messageId !== answer.messageId || first.replyId !== answer.replyId)) this.#world.timeline.fail('client', `${clientMessageId} was answered in two ways`);
    made.answer = answer;
  }

  /** Each accepted version is there, under its place, and names all versions that were there before it. */
  check(messages: Messages, fail: Fail): void {
    for (const { name, messageId: of, clientMessageId, content, answer } of this.#made.values()) {
      if (!answer) continue;
      const { messageId, replyId } = answer;
      if (messages.get(replyId)?.parentId !== messageId) fail(`the accepted ${clientMessageId} has no reply`);
      const version = name === 'message:edit' ? messageId : replyId;
      if (messages.get(version)?.parentId !== messages.get(of)?.parentId) fail(`the version ${version} is no sibling of ${of}`);
      if (name === 'message:edit' && messages.get(version)?.content !== content) fail(`the accepted ${clientMessageId} is lost`);
    }
    for (const message of this.#world.witness.of(SESSION).messages.values()) {
      const turn = [...messages.values()].filter(({ parentId, role }) => parentId === message.parentId && role === message.role);
      const before = turn.sort((a, b) => a.position - b.position).map(({ id }) => id).slice(0, turn.findIndex(({ id }) => id === message.id) + 1);
      const named = message.versions ?? [message.id];
      if (named.join() !== before.join()) fail(`${message.id} names the versions ${named.join()} and not ${before.join()}`);
    }
  }
}

/** From this message up to the first one, oldest first. */
export function pathTo(messages: Messages, tip: string | null): Message[] {
  const path: Message[] = [];
  for (let id = tip; id !== null; id = path[0]!.parentId) {
    const message = messages.get(id);
    if (!message) break;
    path.unshift(message);
  }
  return path;
}
