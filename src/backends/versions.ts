/** The versions of a turn stand in no stored message: a later one would change them for all. */
import type { Message } from '../protocol/wire.ts';

/** `versions`: ids of all versions of its turn, oldest first. */
export function withVersions(message: Message, versions: string[]): Message {
  return versions.length > 1 ? { ...message, siblings: versions.length, versions } : message;
}

export function withoutVersions({ siblings: _counted, versions: _listed, ...kept }: Message): Message {
  return kept;
}
