/** What the server says of files before any is sent, and what this browser keeps of them. How they travel: file-transfer.ts. */
import type { FileLimits } from '../../../src/protocol/wire.ts';
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import { KeptByTab } from './kept-by-tab.ts';
import { Observable } from './observable.ts';
import type { TokenKeeper } from './tokens.ts';

/** What files need to travel. */
export interface FileParts {
  readonly env: Environment;
  readonly url: string;
  readonly tokens: TokenKeeper;
  readonly connection: Connection;
  /** What is uploaded and not sent. */
  readonly kept: KeptByTab;
}

export class ServerFiles {
  /** null: it takes none, or has not said yet. What it said last counts while there is no connection. */
  readonly limits = new Observable<FileLimits | null>(null);
  readonly parts: FileParts;

  constructor(env: Environment, url: string, tokens: TokenKeeper, connection: Connection) {
    this.parts = { env, url, tokens, connection, kept: new KeptByTab(env, `holdfast.files:${url}:`) };
    connection.state.subscribe((state) => {
      if (state.phase === 'online' && state.hello !== null) this.limits.set(state.hello.files ?? null);
    });
  }

  /** Files were uploaded to this session and not sent. */
  hasKept(sessionId: string): boolean {
    return this.parts.kept.has(sessionId);
  }
}
