/** One session for a test of one fault: a tab at each gateway, everything written down, and the checker's word at the end. */
import { logAtRest, settled } from '../exactness/at-rest.ts';
import { check } from '../exactness/checker.ts';
import { RecordedTab } from '../exactness/recorded-tab.ts';
import type { Generation, Sent, Verdict } from '../exactness/recording.ts';
import { untilText } from '../support/cluster-check.ts';
import { until } from '../support/until.ts';
import type { Message, MessageStatus } from '../../src/protocol/wire.ts';
import type { ChaosCluster } from './chaos-cluster.ts';
import { EpochWatch } from './epochs.ts';
import { trailSince } from './gather.ts';
import type { ChaosNode } from './nodes.ts';

const ALWAYS = [{ from: 0, to: Infinity }];

export class Talk {
  readonly tabs: RecordedTab[];
  readonly sent: Sent[] = [];
  readonly began = Date.now();
  readonly #cluster: ChaosCluster;
  readonly #epochs: EpochWatch;

  /** A tab at each of these nodes; the first one begins the session. */
  static async begin(cluster: ChaosCluster, token: string, at: ChaosNode[] = cluster.gateways): Promise<Talk> {
    const urls = at.map(({ url }) => url);
    const tabs: RecordedTab[] = [];
    for (const [n] of urls.entries()) {
      const tab = new RecordedTab(`tab ${n}`, urls, token, n + urls.length - 1);
      tab.sessionId = tabs[0]?.sessionId ?? '';
      tabs.push(await tab.begin());
    }
    return new Talk(cluster, tabs);
  }

  private constructor(cluster: ChaosCluster, tabs: RecordedTab[]) {
    [this.#cluster, this.tabs] = [cluster, tabs];
    this.#epochs = new EpochWatch(cluster.servers.redis, [this.sessionId]);
  }

  get sessionId(): string {
    return this.tabs[0]!.sessionId;
  }

  /** Accepted; answers the id of the reply. */
  async send(content: string, by = this.tabs.slice(0, 1)): Promise<string> {
    const sent: Sent = { clientMessageId: `c${this.sent.length}`, content: `${content} (${this.sessionId})`, at: Date.now(), answers: [] };
    this.sent.push(sent);
    await Promise.all(by.map(async (tab) => {
      const { messageId, replyId } = await tab.insist<{ messageId: string; replyId: string }>('message:send', { sessionId: this.sessionId, clientMessageId: sent.clientMessageId, content: sent.content });
      sent.answers.push({ at: Date.now(), messageId, replyId });
    }));
    return sent.answers[0]!.replyId;
  }

  /** Accepted and under way in every tab. */
  async streaming(content: string, length = 100): Promise<string> {
    const replyId = await this.send(content);
    await Promise.all(this.tabs.map((tab) => untilText(tab, replyId, length)));
    return replyId;
  }

  async owner(): Promise<ChaosNode> {
    let found: ChaosNode | undefined;
    await until('an owner', async () => {
      const lease = (await this.#cluster.servers.redis.get(`session:{${this.sessionId}}:owner`)) ?? '';
      found = [...this.#cluster.nodes.values()].find(({ nodeId }) => lease.startsWith(`${nodeId}/`));
      return found !== undefined;
    });
    return found!;
  }

  /** Of what was sent last, oldest first. */
  runs(): Generation[] {
    return this.#cluster.model.generations.filter(({ question }) => question === this.sent.at(-1)?.content);
  }

  /** Its end in every tab. */
  async ended(replyId: string, limitMs = 30_000): Promise<MessageStatus[]> {
    return (await Promise.all(this.tabs.map((tab) => tab.ended(replyId, limitMs)))).map(({ status }) => status);
  }

  /** Waits until all is quiet, compares everything, and closes the tabs. */
  async verdicts({ audited = false } = {}): Promise<{ verdicts: (Verdict | EpochWatch['found'][number])[]; stored: Message[] }> {
    const stored = await settled(this.tabs);
    const trail = audited ? ((await trailSince(this.#cluster, this.began)).get(this.sessionId) ?? []) : null;
    const log = await logAtRest(this.#cluster.servers.redis, this.sessionId);
    this.#epochs.stop();
    const tabs = this.tabs.map(({ recording }) => recording);
    for (const tab of this.tabs) tab.close();
    const { generations } = this.#cluster.model;
    return { stored, verdicts: [...check({ sessionId: this.sessionId, tabs, sent: this.sent, generations, stored, log, trail, faults: ALWAYS }), ...this.#epochs.found] };
  }
}
