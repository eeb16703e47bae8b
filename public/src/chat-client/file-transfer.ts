/** Files to the server and back, each with a token that holds and a limit of time without movement. */
import { z } from 'zod';
import type { MessageFile } from '../../../src/protocol/wire.ts';
import type { Uploader } from './file-uploads.ts';
import { httpResult } from './http.ts';
import { failed, localError, succeeded, type Result } from './result.ts';
import type { FileParts } from './server-files.ts';

const uploadSchema = z.object({ fileId: z.string(), name: z.string(), type: z.string(), bytes: z.number() });

/** Longest time in which nothing moves. */
const STALL_MS = 30_000;

export class FileTransfer implements Uploader {
  private readonly parts: FileParts;

  constructor(parts: FileParts) {
    this.parts = parts;
  }

  get online(): boolean {
    return this.parts.connection.online;
  }

  async send({ sessionId, name, clientFileId, body }: Parameters<Uploader['send']>[0], signal: AbortSignal, progress: (sent: number) => void): Promise<Result<MessageFile>> {
    const query = new URLSearchParams({ sessionId, name, clientFileId });
    const answer = await this.authorized((token) => this.post(`${this.parts.url}/api/files?${query.toString()}`, token, body, signal, progress));
    if (!answer.ok) return answer;
    const file = uploadSchema.safeParse(answer.value);
    return file.success ? succeeded({ ...file.data, id: file.data.fileId }) : failed(localError('bad-answer'));
  }

  /** The file itself, as its owner sees it. */
  fetch(fileId: string): Promise<Result<Blob>> {
    return this.authorized((token) => this.limited(async (signal) => {
      const response = await this.parts.env.fetch(`${this.parts.url}/api/files/${fileId}`, { headers: { authorization: `Bearer ${token}` }, signal });
      return response.ok ? succeeded(await response.blob()) : ((await httpResult(response)) as Result<Blob>);
    }));
  }

  /** A token that ended meanwhile is renewed once. */
  private async authorized<T>(work: (token: string) => Promise<Result<T>>): Promise<Result<T>> {
    const token = await this.parts.tokens.get();
    if (!token.ok) return token;
    const answer = await work(token.value);
    if (answer.ok || answer.error.code !== 'unauthenticated') return answer;
    const fresh = await this.parts.tokens.renew(token.value);
    return fresh.ok ? work(fresh.value) : fresh;
  }

  private post(url: string, token: string, body: Blob, signal: AbortSignal, progress: (sent: number) => void): Promise<Result<unknown>> {
    return this.limited(async (limit, moved) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' };
      const report = (sent: number): void => {
        moved();
        progress(sent);
      };
      const request = { method: 'POST', headers, body, signal: limit };
      return httpResult(await (this.parts.env.upload?.(url, request, report) ?? this.parts.env.fetch(url, request)));
    }, signal);
  }

  /** Ends when nothing moved for long. fetch rejects without saying why: the server was not reached. */
  private async limited<T>(work: (signal: AbortSignal, moved: () => void) => Promise<Result<T>>, given?: AbortSignal): Promise<Result<T>> {
    const controller = new AbortController();
    given?.addEventListener('abort', () => controller.abort(), { once: true });
    let stop = (): void => {};
    const moved = (): void => {
      stop();
      stop = this.parts.env.clock.after(STALL_MS, () => controller.abort());
    };
    moved();
    try {
      return await work(controller.signal, moved);
    } catch {
      return failed(localError(controller.signal.aborted ? 'timeout' : 'offline'));
    } finally {
      stop();
    }
  }
}
