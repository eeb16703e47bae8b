/** HAProxy's runtime API: gateways come and go in slots of the configuration, and no file is edited. */
import { connect } from 'node:net';

const BACKEND = 'gateways';
const ANSWER_MS = 5_000;

export interface Slot {
  /** `gw1`, as the log names the chosen server. */
  name: string;
  /** `host:port`. */
  address: string;
  /** UP, DOWN, MAINT, and states on the way such as `UP 1/2`. */
  status: string;
  /** Connections it has now. */
  connections: number;
  /** Connections it got since HAProxy started. */
  total: number;
}

export class HaproxyRuntime {
  readonly #socketPath: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Gives the gateway a free slot, which gets connections once its checks have passed. Answers the slot's name. */
  add(port: number): Promise<string> {
    return this.#inTurn(async () => {
      const free = (await this.slots()).find(({ status }) => status === 'MAINT');
      if (free === undefined) throw new Error('all slots of HAProxy are taken; raise GATEWAY_SLOTS');
      const server = `${BACKEND}/${free.name}`;
      await this.#set(`set server ${server} addr 127.0.0.1 port ${port}`);
      // A slot that leaves maintenance counts as up until its first check; what starts is down until then. Both in one
      // line, so that nobody is sent there in between.
      await this.#set(`set server ${server} state ready; set server ${server} health down`);
      return free.name;
    });
  }

  /** The gateway is gone; its slot is free again. */
  remove(slot: string): Promise<void> {
    return this.#inTurn(() => this.#set(`set server ${BACKEND}/${slot} state maint`));
  }

  async slots(): Promise<Slot[]> {
    const [head = '', ...rows] = (await this.command('show stat')).replace(/^# /, '').trim().split('\n');
    const names = head.split(',');
    const column = (row: string[], name: string): string => row[names.indexOf(name)] ?? '';
    return rows
      .map((row) => row.split(','))
      .filter((row) => column(row, 'pxname') === BACKEND && !['FRONTEND', 'BACKEND'].includes(column(row, 'svname')))
      .map((row) => ({
        name: column(row, 'svname'),
        address: column(row, 'addr'),
        status: column(row, 'status'),
        connections: Number(column(row, 'scur')),
        total: Number(column(row, 'stot')),
      }));
  }

  /** The answer to one command. Rejects when HAProxy does not answer. */
  command(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(this.#socketPath, () => socket.write(`${text}\n`));
      socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
      socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('HAProxy does not answer')));
      socket.once('error', reject);
      socket.once('end', () => resolve(answer));
    });
  }

  /** Such commands are silent or say what changed; anything else is why they did not work. */
  async #set(text: string): Promise<void> {
    const answer = (await this.command(text)).trim();
    if (answer !== '' && !/changed from|no need to change/.test(answer)) throw new Error(`HAProxy: ${answer}`);
  }

  /** One after the other: two gateways must not take the same slot. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
