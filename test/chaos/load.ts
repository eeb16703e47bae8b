/** The people of a schedule: each has one session in two tabs, sends, stops, reloads, comes back elsewhere, as planned. */
import { setTimeout as pause } from 'node:timers/promises';
import { RecordedTab } from '../exactness/recorded-tab.ts';
import type { Sent, VerdictKind } from '../exactness/recording.ts';
import { Refused } from '../support/tab.ts';
import { until } from '../support/until.ts';
import { TABS, type Move, type Turn, type UserPlan } from './schedule.ts';
import type { Timeline } from './timeline.ts';

/** Everything is healed and settled long before. */
const ANSWER_LIMIT_MS = 45_000;

export interface Street {
  urls: string[];
  token: string;
  timeline: Timeline;
  /** When the storm ends: no new turn after that. */
  endsAt: number;
}

export class ChaosUser {
  readonly name: string;
  readonly tabs: RecordedTab[] = [];
  readonly sent: Sent[] = [];
  readonly problems: { kind: VerdictKind; detail: string; at: number }[] = [];
  deleted = false;
  #gone = false;
  readonly #street: Street;
  readonly #plan: UserPlan;

  constructor(name: string, plan: UserPlan, street: Street) {
    [this.name, this.#plan, this.#street] = [name, plan, street];
  }

  get sessionId(): string {
    return this.tabs[0]?.sessionId ?? '';
  }

  async arrive(): Promise<void> {
    for (let n = 0; n < TABS; n += 1) this.tabs.push(await this.newTab(`${this.name} tab ${n}`, n, this.sessionId));
  }

  async newTab(name: string, first: number, sessionId: string): Promise<RecordedTab> {
    const { urls, token } = this.#street;
    const tab = new RecordedTab(name, urls, token, first + urls.length - 1);
    tab.sessionId = sessionId;
    return tab.begin(ANSWER_LIMIT_MS);
  }

  /** Resolves when the last reply has ended. */
  async live(): Promise<void> {
    const began = Date.now();
    await Promise.all([this.#talk(), this.#deleteIt(began), ...this.#plan.moves.map((move) => this.#move(move, began))]);
  }

  leave(): void {
    for (const tab of this.tabs) tab.close();
  }

  #say(text: string): void {
    this.#street.timeline.say(`   ${this.name}: ${text}`);
  }

  async #talk(): Promise<void> {
    for (const [n, turn] of this.#plan.turns.entries()) {
      await pause(turn.pauseMs);
      if (Date.now() > this.#street.endsAt || this.#gone) return;
      try {
        await this.#ask(turn, n);
      } catch (err) {
        this.#say(`gave up: ${String(err)}`);
        if (!this.#isGone(err)) this.problems.push({ kind: 'no-end', at: Date.now(), detail: `${this.name} gave up: ${String(err)}` });
        return;
      }
    }
  }

  async #ask(turn: Turn, n: number): Promise<void> {
    const tab = this.tabs[turn.tab]!;
    const sent: Sent = { clientMessageId: `${this.sessionId}-${n}`, content: `question ${n} in ${this.sessionId}`, at: Date.now(), answers: [] };
    this.sent.push(sent);
    const [{ replyId }] = await Promise.all([this.#send(sent, tab), turn.twice ? this.#send(sent, this.tabs[1 - turn.tab]!) : null]);
    this.#say(`message ${n} is accepted, its reply is ${replyId}`);
    if (turn.cancelAfterMs !== null) await this.#cancel(turn.cancelAfterMs, replyId);
    const ended = (): boolean => !['streaming', undefined].includes(tab.messages.get(replyId)?.status) || this.#gone;
    await until(`the end of ${replyId} in ${tab.recording.name} (connected ${tab.socket.connected})`, ended, ANSWER_LIMIT_MS);
    this.#say(`reply ${replyId} is ${tab.messages.get(replyId)?.status}`);
  }

  /** Until it is accepted: the same message each time. */
  async #send(sent: Sent, tab: RecordedTab): Promise<{ messageId: string; replyId: string }> {
    const { clientMessageId, content } = sent;
    const limit = Date.now() + ANSWER_LIMIT_MS;
    for (;;) {
      try {
        const answer = await tab.insist<{ messageId: string; replyId: string }>('message:send', { sessionId: this.sessionId, clientMessageId, content }, ANSWER_LIMIT_MS);
        sent.answers.push({ at: Date.now(), messageId: answer.messageId, replyId: answer.replyId });
        return answer;
      } catch (err) {
        // The other tab may have heard of the end of the last reply first.
        if (!(err instanceof Refused) || err.code !== 'session-busy' || Date.now() > limit) throw err;
        await pause(200);
      }
    }
  }

  async #cancel(afterMs: number, replyId: string): Promise<void> {
    await pause(afterMs);
    const { status } = await this.tabs[0]!.insist<{ status: string }>('message:cancel', { sessionId: this.sessionId, messageId: replyId }, ANSWER_LIMIT_MS);
    this.#say(`stopped ${replyId}: ${status}`);
    if (status === 'streaming') this.problems.push({ kind: 'no-end', at: Date.now(), detail: `${replyId} was stopped and is said to stream` });
  }

  async #move({ atMs, tab: n, kind }: Move, began: number): Promise<void> {
    await pause(Math.max(0, began + atMs - Date.now()));
    const tab = this.tabs[n]!;
    if (!tab.socket.connected) return;
    if (kind === 'reload') tab.forget();
    tab.roam();
  }

  async #deleteIt(began: number): Promise<void> {
    if (this.#plan.deleteAtMs === null) return;
    await pause(Math.max(0, began + this.#plan.deleteAtMs - Date.now()));
    try {
      await this.tabs[0]!.insist('session:delete', { sessionId: this.sessionId }, ANSWER_LIMIT_MS);
    } catch (err) {
      // Its first try may have been answered to nobody.
      if (!(err instanceof Refused) || err.code !== 'not-found') return void this.problems.push({ kind: 'no-end', at: Date.now(), detail: `${this.name}'s session cannot be deleted: ${String(err)}` });
    }
    this.deleted = true;
    this.#gone = true;
    this.#say('deleted the session');
  }

  /** A session that was deleted; or one that was never written to and was forgotten with its store. */
  #isGone(err: unknown): boolean {
    const notFound = err instanceof Refused && err.code === 'not-found';
    return notFound && (this.#plan.deleteAtMs !== null || this.sent.every(({ answers }) => answers.length === 0));
  }
}
