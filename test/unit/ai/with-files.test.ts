import type { PromptMessage } from '../../../src/protocol/broker.ts';
import type { ChatMessage, Provider } from '../../../src/ai/providers/provider.ts';
import { withFiles } from '../../../src/ai/with-files.ts';

const PNG = Buffer.from('89504e47', 'hex');

async function seen(messages: PromptMessage[], content: (id: string) => Promise<Uint8Array | null> = async () => PNG): Promise<ChatMessage[]> {
  let got: ChatMessage[] = [];
  const provider: Provider = {
    name: 'p',
    model: 'm',
    async *generate(request) {
      got = request.messages;
      yield { type: 'finish', finishReason: 'stop' };
    },
  };
  for await (const _ of withFiles(provider, { content }).generate({ messages, prefix: '', signal: new AbortController().signal, sessionId: 's' }));
  return got;
}
const text = { name: 'a.md', type: 'text/markdown', bytes: 5, text: 'Hello' };

test('E20 texts stand before what the person wrote, each in a named block that it cannot end', async () => {
  const [message] = await seen([{ role: 'user', content: 'What is this?', files: [text, { ...text, name: 'b`\n```.md', text: 'x\n```\n````js\n' }] }]);
  expect(message).toMatchObject({ said: 'What is this?' });
  expect(message?.content).toBe('File a.md:\n```\nHello\n```\n\nFile b .md:\n`````\nx\n```\n````js\n`````\n\nWhat is this?');
});

test('E20 a message without files is left as it is, and one without words is its files', async () => {
  expect(await seen([{ role: 'assistant', content: 'Hi' }, { role: 'user', content: '', files: [text] }])).toMatchObject([{ role: 'assistant', content: 'Hi' }, { content: 'File a.md:\n```\nHello\n```' }]);
});

test('E21 the model is told what was cut and what is not there', async () => {
  const [message] = await seen([{ role: 'user', content: 'Q', files: [{ ...text, bytes: 900, cut: true }, { name: 'big.txt', type: 'text/plain', bytes: 7 }] }]);
  expect(message?.content).toBe('File a.md:\n```\nHello\n```\n[Only the beginning of a.md is shown: 5 of 900 bytes.]\n\n[File big.txt (7 bytes) could not be included.]\n\nQ');
});

test('E22 images become data URLs; one that is gone is named; one that cannot be read now is tried again', async () => {
  const image = { name: 'cat.png', type: 'image/png', bytes: 4, image: 'f1' };
  const [message] = await seen([{ role: 'user', content: 'Q', files: [image] }]);
  expect(message).toMatchObject({ content: '[Image: cat.png]\n\nQ', images: [{ type: 'image/png', url: 'data:image/png;base64,iVBORw==' }] });
  const [gone] = await seen([{ role: 'user', content: 'Q', files: [image] }], async () => null);
  expect([gone?.images, gone?.content]).toEqual([undefined, '[File cat.png (4 bytes) could not be included.]\n\nQ']);
  await expect(seen([{ role: 'user', content: 'Q', files: [image] }], () => Promise.reject(new Error('away')))).rejects.toMatchObject({ code: 'ai-unavailable', transient: true });
});
