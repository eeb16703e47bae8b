/** The versions of a turn stand in no stored message, as a later one would change them for all, and neither does feedback. */
import type { Feedback, Message } from '../protocol/wire.ts';

/** `versions`: ids of all versions of its turn, oldest first. */
export function withVersions(message: Message, versions: string[]): Message {
  return versions.length > 1 ? { ...message, siblings: versions.length, versions } : message;
}

export function withoutVersions({ siblings: _counted, versions: _listed, feedback: _said, ...kept }: Message): Message {
  return kept;
}

/** `json`: a Feedback, or null. */
export function withFeedback(message: Message, json: string | null | undefined): Message {
  const feedback = json ? (JSON.parse(json) as Feedback | null) : null;
  return feedback ? { ...message, feedback } : message;
}
