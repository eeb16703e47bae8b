/** What the server says of files before any is sent, and what this browser keeps of them. How they travel: file-transfer.ts. */
import { z } from 'zod';
import { fileLimitsSchema, type FileLimits } from '../../../src/protocol/wire.ts';
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import { callHttp } from './http.ts';
import { Observable } from './observable.ts';
import type { TokenKeeper } from './tokens.ts';

const configSchema = z.object({ files: fileLimitsSchema.optional() });

/** What files need to travel. */
export interface FileParts {
  readonly env: Environment;
  readonly url: string;
  readonly tokens: TokenKeeper;
  readonly connection: Connection;
  /** Of the keys of uploaded files in storage; the session's id follows. */
  readonly prefix: string;
}

export class ServerFiles {
  /** null: it takes none, or has not been asked yet. */
  readonly limits = new Observable<FileLimits | null>(null);
  readonly parts: FileParts;
  private asked = false;

  constructor(env: Environment, url: string, tokens: TokenKeeper, connection: Connection) {
    this.parts = { env, url, tokens, connection, prefix: `holdfast.files:${url}:` };
    connection.state.subscribe(({ phase }) => void (phase === 'online' && this.ask()));
  }

  /** Files were uploaded to this session and not sent. */
  hasKept(sessionId: string): boolean {
    return this.parts.env.storage.get(this.parts.prefix + sessionId) !== null;
  }

  forget(): void {
    const { env, prefix } = this.parts;
    for (const key of env.storage.keys?.() ?? []) if (key.startsWith(prefix)) env.storage.remove(key);
  }

  private async ask(): Promise<void> {
    if (this.asked) return;
    this.asked = true;
    const answer = await callHttp(this.parts.env, `${this.parts.url}/api/config`);
    this.asked = answer.ok;
    this.limits.set((answer.ok && configSchema.safeParse(answer.value).data?.files) || null);
  }
}
