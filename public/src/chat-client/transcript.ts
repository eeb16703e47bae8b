/** A whole session to take away: every message of the active path, as Markdown to read or as JSON to work with. */
import { MAX_PAGE } from '../../../src/protocol/limits.ts';
import type { Message, Session } from '../../../src/protocol/wire.ts';
import { succeeded, type Result } from './result.ts';
import type { Transport } from './transport.ts';

/** Oldest first. Asks page by page, as long as that takes. */
export async function wholeHistory(transport: Transport, sessionId: string): Promise<Result<Message[]>> {
  let messages: Message[] = [];
  let before: string | undefined;
  for (;;) {
    const answer = await transport.request('session:history', { sessionId, limit: MAX_PAGE, ...(before !== undefined && { before }) });
    if (!answer.ok) return answer;
    messages = [...answer.value.messages, ...messages];
    if (!answer.value.hasMore || answer.value.before === undefined) return succeeded(messages);
    before = answer.value.before;
  }
}

export interface TranscriptWords {
  user: string;
  assistant: string;
  /** How a time is written. */
  time(at: string): string;
  /** For a reply that did not end by itself; empty for the others. */
  mark(status: Message['status']): string;
}

export function asMarkdown(session: Session, messages: readonly Message[], words: TranscriptWords): string {
  const turns = messages.map((message) => {
    const who = message.role === 'user' ? words.user : words.assistant;
    const mark = words.mark(message.status);
    const files = (message.files ?? []).map(({ name }) => `📎 ${name}`).join('  \n');
    const text = [files, message.content, mark === '' ? '' : `*${mark}*`].filter((part) => part !== '').join('\n\n');
    return `## ${who} · ${words.time(message.createdAt)}\n\n${text}\n`;
  });
  return [`# ${session.title.replaceAll('\n', ' ')}\n`, ...turns].join('\n');
}

export function asJson(session: Session, messages: readonly Message[]): string {
  return `${JSON.stringify({ session, messages }, null, 2)}\n`;
}

/** A name every file system takes. */
export function fileName(title: string, extension: string): string {
  const safe = title.replaceAll(/[\p{C}<>:"/\\|?*]+/gu, ' ').replaceAll(/\s+/g, ' ').trim().slice(0, 80).replace(/^\.+|[. ]+$/g, '');
  return `${safe === '' ? 'chat' : safe}.${extension}`;
}
