/** Files of messages at their session's owner: on the real embedded store. */
import type { StoredFile } from '../../../src/backends/contracts.ts';
import { loadConfig } from '../../../src/config.ts';
import { DONE, newSession, ownerHarness, sendTo, type Harness } from '../../support/owner-harness.ts';

const user = { userId: 'u1' };
const UNUSED = 120_000;
let harness: Harness;
afterEach(() => harness.close());

async function give(sessionId: string, content: string | Buffer, over: Partial<StoredFile> = {}): Promise<string> {
  const bytes = Buffer.from(content);
  const file = { id: `f${Math.random().toString(36).slice(2, 12)}`, ...user, sessionId, name: 'notes.md', type: 'text/markdown', bytes: bytes.byteLength, keptAt: harness.clock.now(), ...over };
  await harness.backends.files.keep(file, bytes, 1e9);
  return file.id;
}
async function send(sessionId: string, content: string, files: string[], clientMessageId = content) {
  const sent = await harness.node.commands.send({ ...user, sessionId, clientMessageId, content, files });
  await harness.settle();
  return sent;
}
const promptNow = () => harness.generated.at(-1)?.messages;
const shown = () => harness.events().flatMap((event) => (event.type === 'message.created' && event.message.role === 'user' ? [event.message] : []));

test('E16 a message carries what is known of its files, in its event, in snapshots and in history', async () => {
  harness = await ownerHarness();
  const session = await newSession(harness);
  const id = await give(session, '# One');
  const { messageId } = await send(session, 'Look', [id]);
  const files = [{ id, name: 'notes.md', type: 'text/markdown', bytes: 5 }];
  expect(shown()).toMatchObject([{ id: messageId, content: 'Look', files }]);
  await harness.chunk('Nice.', 0, DONE);
  expect((await harness.node.reads.open({ ...user, sessionId: session })).messages).toMatchObject([{ files }, { role: 'assistant' }]);
  expect(await harness.backends.history.message(session, messageId)).toMatchObject({ files });
  expect(shown()[0]).not.toHaveProperty('files.0.read');
});

test('E16 a repeat finds its first answer, also when its files are gone', async () => {
  harness = await ownerHarness();
  const session = await newSession(harness);
  const id = await give(session, 'one');
  const first = await send(session, 'Look', [id], 'c1');
  await harness.backends.files.removeSession(session);
  expect(await send(session, 'Look', [id], 'c1')).toEqual({ ...first, duplicate: true });
  expect(shown()).toHaveLength(1);
});

test('E17 files of nobody, of another user or of another session are refused, and nothing is written', async () => {
  harness = await ownerHarness();
  const [session, other] = [await newSession(harness), await newSession(harness)];
  const [own, foreign, elsewhere] = [await give(session, 'a'), await give(session, 'b', { userId: 'u2' }), await give(other, 'c')];
  for (const bad of [foreign, elsewhere, 'nothing']) {
    await expect(send(session, 'Look', [own, bad])).rejects.toMatchObject({ type: 'invalid', message: expect.stringContaining('Attach it again') });
  }
  expect(harness.events()).toEqual([]);
  await send(session, 'Look', [own]);
  expect(shown()).toHaveLength(1);
});

test('E17 an image is refused when the model does not see', async () => {
  harness = await ownerHarness();
  const session = await newSession(harness);
  const id = await give(session, 'png', { type: 'image/png', name: 'a.png' });
  await expect(send(session, 'Look', [id])).rejects.toMatchObject({ type: 'invalid', message: expect.stringContaining('does not read images') });
});

test('E18 the model gets the texts with the message, and images by their id', async () => {
  harness = await ownerHarness({ env: { AI_VISION: 'on' } });
  const session = await newSession(harness);
  const [text, image] = [await give(session, '# Mục lục'), await give(session, 'png', { type: 'image/png', name: 'a.png' })];
  await send(session, 'Look', [image, text]);
  expect(promptNow()).toEqual([
    { role: 'user', content: 'Look', files: [{ name: 'a.png', type: 'image/png', bytes: 3, image }, { name: 'notes.md', type: 'text/markdown', bytes: 13, text: '# Mục lục' }] },
  ]);
  await harness.chunk('Nice.', 0, DONE);
  await send(session, 'And?', []);
  expect(promptNow()).toMatchObject([{ content: 'Look', files: [{ image }, { text: '# Mục lục' }] }, { content: 'Nice.' }, { content: 'And?' }]);
});

test('E18 what does not fit is cut between characters, in fair parts, and the message says so', async () => {
  harness = await ownerHarness({ env: { AI_PROMPT_TOKENS: '1005' } });
  const session = await newSession(harness);
  const [small, large, larger] = [await give(session, 'small'), await give(session, 'ă'.repeat(5_000)), await give(session, 'x'.repeat(20_000))];
  await send(session, '', [larger, small, large], 'c1');
  const [first, second, third] = promptNow()?.[0]?.files ?? [];
  expect(second).toEqual({ name: 'notes.md', type: 'text/markdown', bytes: 5, text: 'small' });
  // Three quarters of 1001 tokens of 4 bytes: 3000 bytes, 5 of them for the small one.
  expect([first?.text?.length, first?.cut, Buffer.byteLength(third?.text ?? ''), third?.cut]).toEqual([1_498, true, 1_496, true]);
  expect(third?.text).toMatch(/^ă+$/);
  expect(shown()[0]?.files).toMatchObject([{ read: 1_498 }, { bytes: 5 }, { read: 1_497 }]);
  expect(shown()[0]?.files?.[1]).not.toHaveProperty('read');
});

test('E18 a conversation goes on beside large files, and leaves them out when there is no room', async () => {
  harness = await ownerHarness({ env: { AI_PROMPT_TOKENS: '600' } });
  const session = await newSession(harness);
  await send(session, 'First', [await give(session, 'y'.repeat(9_000))]);
  await harness.chunk('Well.', 0, DONE);
  await send(session, 'z'.repeat(2_000), [await give(session, 'w'.repeat(9_000))], 'c2');
  const [first, reply, newest] = promptNow() ?? [];
  expect([first?.content, reply?.content]).toEqual(['First', 'Well.']);
  expect(newest?.files).toEqual([{ name: 'notes.md', type: 'text/markdown', bytes: 9_000, text: 'w'.repeat(288), cut: true }]);
  expect(first?.files).toEqual([{ name: 'notes.md', type: 'text/markdown', bytes: 9_000 }]);
});

test('E18 a file that is gone is named', async () => {
  harness = await ownerHarness();
  const session = await newSession(harness);
  const id = await give(session, 'one');
  await send(session, 'Look', [id]);
  await harness.chunk('Nice.', 0, DONE);
  await harness.backends.files.removeSession(session);
  await send(session, 'And?', []);
  expect(promptNow()?.[0]).toEqual({ role: 'user', content: 'Look', files: [{ name: 'notes.md', type: 'text/markdown', bytes: 3 }] });
});

test('E19 a run that is taken over after a kill gets the same prompt, files and all', async () => {
  harness = await ownerHarness({ env: { AI_PROMPT_TOKENS: '500' } });
  const session = await newSession(harness);
  await send(session, 'First', [await give(session, 'one')]);
  await harness.chunk('Well.', 0, DONE);
  await send(session, 'Look', [await give(session, 'v'.repeat(5_000))]);
  const asked = promptNow();
  harness = await harness.restart();
  await harness.clock.advance(2_000);
  await harness.settle();
  expect(harness.generated).toHaveLength(1);
  expect(promptNow()).toEqual(asked);
});

test('E19 while the files cannot be read the reply waits, and uses up no attempt', async () => {
  harness = await ownerHarness();
  const session = await newSession(harness);
  const id = await give(session, 'one');
  const { files } = harness.backends;
  const content = files.content.bind(files);
  files.content = () => Promise.reject(new Error('away'));
  await send(session, 'Look', [id]);
  await harness.clock.advance(5_000);
  expect(harness.generated).toEqual([]);
  files.content = content;
  await harness.clock.advance(2_000);
  await harness.settle();
  expect(harness.generated).toHaveLength(1);
});

test('E24 a deleted session takes its files along, those that were never sent too', async () => {
  harness = await ownerHarness();
  const session = await newSession(harness);
  const [sent, unsent] = [await give(session, 'one'), await give(session, 'two')];
  await send(session, 'Look', [sent]);
  await harness.node.commands.delete({ ...user, sessionId: session });
  await harness.settle();
  expect([await harness.backends.files.file(sent), await harness.backends.files.file(unsent)]).toEqual([null, null]);
});

test('E24 files that cannot be removed now are removed later', async () => {
  harness = await ownerHarness();
  const session = await newSession(harness);
  const id = await give(session, 'one');
  await send(session, 'Look', [id]);
  const { files } = harness.backends;
  const removeSession = files.removeSession.bind(files);
  files.removeSession = () => Promise.reject(new Error('away'));
  await harness.node.commands.delete({ ...user, sessionId: session });
  await harness.settle();
  expect(await files.file(id)).not.toBeNull();
  files.removeSession = removeSession;
  await harness.clock.advance(3_000);
  await harness.settle();
  expect(await files.file(id)).toBeNull();
});

test('E25 a file that is not sent is swept after FILES_UNUSED_MS, a day; one that was sent stays', async () => {
  expect(loadConfig({}).FILES_UNUSED_MS).toBe(24 * 3_600_000);
  harness = await ownerHarness({ env: { FILES_UNUSED_MS: String(UNUSED) } });
  const session = await newSession(harness);
  const [sent, unsent] = [await give(session, 'one'), await give(session, 'two')];
  await send(session, 'Look', [sent]);
  await harness.chunk('Nice.', 0, DONE);
  await harness.clock.advance(UNUSED - 1_000);
  expect(await harness.backends.files.file(unsent)).not.toBeNull();
  await harness.clock.advance(UNUSED + 2_000);
  await harness.settle();
  expect(await harness.backends.files.file(unsent)).toBeNull();
  expect(await harness.backends.files.file(sent)).not.toBeNull();
  await expect(send(session, 'Late', [unsent])).rejects.toMatchObject({ type: 'invalid' });
});

test('E26 an edited message keeps its files, gets others, or none', async () => {
  harness = await ownerHarness();
  const session = await newSession(harness);
  const [one, two] = [await give(session, 'one'), await give(session, 'two')];
  const { messageId } = await send(session, 'Look', [one]);
  await harness.chunk('Nice.', 0, DONE);
  const edit = async (content: string, files?: string[]) => {
    await harness.node.versions.edit({ ...user, sessionId: session, messageId, clientMessageId: content, content, ...(files && { files }) });
    await harness.settle();
    const prompt = promptNow();
    await harness.chunk('Again.', 0, DONE);
    return [shown().at(-1)?.files?.map(({ id }) => id), prompt?.[0]?.files?.map(({ text }) => text)];
  };
  expect(await edit('kept')).toEqual([[one], ['one']]);
  expect(await edit('others', [two, one])).toEqual([[two, one], ['two', 'one']]);
  expect(await edit('none', [])).toEqual([undefined, undefined]);
});

test('E29 a chat that begins with a file alone is named after it', async () => {
  harness = await ownerHarness();
  const session = await newSession(harness);
  await send(session, '', [await give(session, 'one', { name: 'budget 2026.csv' })], 'c1');
  expect((await harness.node.reads.session({ ...user, sessionId: session })).title).toBe('budget 2026.csv');
  await expect(harness.node.reads.session({ userId: 'u2', sessionId: session })).rejects.toMatchObject({ type: 'not-found' });
  await sendTo(harness, await newSession(harness), 'Words');
});
