import type { FileStore, KeepResult, StoredFile } from '../../../src/backends/contracts.ts';
import type { Faults } from './faults.ts';
import { copyOf, type MemoryState } from './memory-state.ts';

export class MemoryFiles implements FileStore {
  readonly #state: MemoryState;
  readonly #faults: Faults;

  constructor(state: MemoryState, faults: Faults) {
    this.#state = state;
    this.#faults = faults;
  }

  async keep(file: StoredFile, content: Uint8Array, quota: number): Promise<KeepResult> {
    return this.#faults.write('files.keep', file.sessionId, () => {
      const there = this.#state.files.get(file.id);
      if (there) return { status: 'already', file: copyOf(there.file) };
      const used = [...this.#state.files.values()].reduce((sum, kept) => sum + (kept.file.userId === file.userId ? kept.file.bytes : 0), 0);
      if (used + content.byteLength > quota) return { status: 'full', used };
      this.#state.files.set(file.id, { file: copyOf(file), content: Uint8Array.from(content), used: false });
      return { status: 'kept', file: copyOf(file) };
    });
  }

  async file(id: string): Promise<StoredFile | null> {
    return this.#faults.read('files.file', null, () => copyOf(this.#state.files.get(id)?.file ?? null));
  }

  async content(id: string): Promise<Uint8Array | null> {
    return this.#faults.read('files.content', null, () => this.#state.files.get(id)?.content ?? null);
  }

  async use(ids: string[], { userId, sessionId }: { userId: string; sessionId: string }): Promise<StoredFile[]> {
    return this.#faults.write('files.use', sessionId, () => {
      const kept = ids.map((id) => this.#state.files.get(id)).filter((one) => one?.file.userId === userId && one.file.sessionId === sessionId);
      return kept.flatMap((one) => (one ? [((one.used = true), copyOf(one.file))] : []));
    });
  }

  async removeSession(sessionId: string): Promise<void> {
    return this.#faults.write('files.removeSession', sessionId, () => void this.#drop(({ file }) => file.sessionId === sessionId));
  }

  async sweep(before: number): Promise<number> {
    return this.#faults.write('files.sweep', null, () => this.#drop(({ file, used }) => !used && file.keptAt < before));
  }

  #drop(which: (kept: { file: StoredFile; used: boolean }) => boolean): number {
    const { files } = this.#state;
    const gone = [...files.values()].filter(which);
    for (const { file } of gone) files.delete(file.id);
    return gone.length;
  }
}
