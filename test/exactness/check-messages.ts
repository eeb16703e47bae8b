/** Every accepted message is stored once, with its reply; nothing is stored that nobody sent. */
import type { Message } from '../../src/protocol/wire.ts';
import type { Found, Sent } from './recording.ts';

export function messagesKept(sent: Sent[], stored: Message[]): Found[] {
  const found: Found[] = [];
  const ids = stored.map(({ id }) => id);
  for (const id of new Set(ids)) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push({ kind: 'doubled', detail: `history has ${id} more than once` });
  for (const message of sent) found.push(...keptOnce(message, stored));
  for (const { id, role, content, status } of stored) {
    if (role === 'user' && !sent.some((message) => message.content === content)) found.push({ kind: 'unknown', detail: `${id} was sent by nobody` });
    if (status === 'streaming') found.push({ kind: 'no-end', detail: `${id} still streams in history` });
  }
  return found;
}

function keptOnce({ clientMessageId, content, answers }: Sent, stored: Message[]): Found[] {
  const found: Found[] = [];
  const accepted = new Set(answers.map(({ messageId, replyId }) => `${messageId} ${replyId}`));
  if (accepted.size > 1) found.push({ kind: 'doubled', detail: `${clientMessageId} was accepted as ${[...accepted].join(' and as ')}` });
  const copies = stored.filter((message) => message.role === 'user' && message.content === content);
  if (copies.length > 1) found.push({ kind: 'doubled', detail: `${clientMessageId} is stored ${copies.length} times` });
  const [first] = answers;
  if (!first) return found;
  if (!stored.some(({ id }) => id === first.messageId)) found.push({ kind: 'lost', detail: `${clientMessageId}, accepted as ${first.messageId}`, at: first.at });
  if (!stored.some(({ id }) => id === first.replyId)) found.push({ kind: 'lost', detail: `the reply ${first.replyId} to ${clientMessageId}`, at: first.at });
  return found;
}
