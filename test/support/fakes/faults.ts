/** Trouble on demand between a user of the fake stores and their state. One object per simulated node. */
export interface StoreCall {
  /** `log.append`, `leases.claim`, … */
  op: string;
  sessionId: string | null;
}
/** May wait (a slow store) or reject (an unreachable one). */
export type Fault = (call: StoreCall) => Promise<void> | void;

const none: Fault = () => {};

export class Faults {
  /** Rejecting here: nothing was read. */
  beforeRead: Fault = none;
  /** Rejecting here: nothing was written. */
  beforeWrite: Fault = none;
  /** Rejecting here: it was written, and the caller cannot know. */
  afterWrite: Fault = none;

  heal(): void {
    this.beforeRead = none;
    this.beforeWrite = none;
    this.afterWrite = none;
  }

  async read<T>(op: string, sessionId: string | null, look: () => T): Promise<T> {
    await this.beforeRead({ op, sessionId });
    return look();
  }

  async write<T>(op: string, sessionId: string | null, apply: () => T): Promise<T> {
    await this.beforeWrite({ op, sessionId });
    const result = apply();
    await this.afterWrite({ op, sessionId });
    return result;
  }
}
