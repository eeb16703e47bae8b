/** Puts the files of a conversation before a provider, whichever it is: texts as words, images as data URLs. */
import type { FileStore } from '../backends/contracts.ts';
import type { PromptFile, PromptMessage } from '../protocol/broker.ts';
import { ProviderError, type ChatMessage, type GenerateRequest, type Provider, type ProviderEvent } from './providers/provider.ts';

type Files = Pick<FileStore, 'content'>;

export function withFiles(provider: Provider, files: Files): Provider {
  return {
    name: provider.name,
    model: provider.model,
    async *generate(request: GenerateRequest): AsyncIterable<ProviderEvent> {
      const messages = await Promise.all(request.messages.map((message) => withItsFiles(message, files)));
      yield* provider.generate({ ...request, messages });
    },
  };
}

async function withItsFiles(message: PromptMessage, store: Files): Promise<ChatMessage> {
  const { content, files = [] } = message;
  if (files.length === 0) return message;
  const images = new Map<PromptFile, { type: string; url: string }>();
  for (const file of files) {
    const bytes = file.image === undefined ? null : await imageOf(store, file.image);
    if (bytes !== null) images.set(file, { type: file.type, url: `data:${file.type};base64,${Buffer.from(bytes).toString('base64')}` });
  }
  const blocks = files.map((file) => (images.has(file) ? `[Image: ${plain(file.name)}]` : asBlock(file)));
  const words = [...blocks, content].filter((part) => part !== '').join('\n\n');
  return { ...message, content: words, said: content, ...(images.size > 0 && { images: [...images.values()] }) };
}

/** null: it is not there any more. */
async function imageOf(store: Files, id: string): Promise<Uint8Array | null> {
  try {
    return await store.content(id);
  } catch (cause) {
    throw new ProviderError('ai-unavailable', 'A file of the conversation could not be read. Try again.', { transient: true, cause });
  }
}

/** A fence longer than any in the text, so that the text cannot end it. */
function asBlock({ name, bytes, text, cut }: PromptFile): string {
  const title = plain(name);
  if (text === undefined) return `[File ${title} (${bytes} bytes) could not be included.]`;
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const block = `File ${title}:\n${fence}\n${text.replace(/\n$/, '')}\n${fence}`;
  return cut ? `${block}\n[Only the beginning of ${title} is shown: ${Buffer.byteLength(text)} of ${bytes} bytes.]` : block;
}

/** A name is one line and opens no fence. */
function plain(name: string): string {
  return name.replace(/[`\s]+/g, ' ').trim();
}
