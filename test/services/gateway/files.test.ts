import { request as httpRequest } from 'node:http';
import { chatError } from '../../../src/errors.ts';
import { startGateway, type GatewayOptions, type TestGateway } from '../../support/gateway-harness.ts';
import { MemoryWorld } from '../../support/fakes/memory-backends.ts';
import { until } from '../../support/until.ts';

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(60)]);

let node: TestGateway;
let token: string;
let userId: string;
let files: ReturnType<MemoryWorld['backends']>['files'];
async function start(options: GatewayOptions = {}): Promise<void> {
  files = new MemoryWorld().backends().files;
  node = await startGateway({ ...options, backends: { files, ...options.backends } });
  ({ token, userId } = await node.guest());
}
afterEach(() => node.stop());

interface Uploading {
  name?: string;
  clientFileId?: string;
  token?: string;
  headers?: Record<string, string>;
}
/** Answers like fetch, without following anything. */
async function upload(content: string | Buffer, { name = 'notes.md', clientFileId = 'c1', token: as = token, headers = {} }: Uploading = {}) {
  const query = new URLSearchParams({ sessionId: 's1', name, clientFileId });
  return node.http(`/api/files?${query.toString()}`, { method: 'POST', token: as, body: content as BodyInit, headers });
}
const idOf = (answer: { body: { fileId: string } }): string => answer.body.fileId;

test('E7 a file is uploaded to a session of this user, and its answer says what it was taken for', async () => {
  await start();
  const { status, body } = await upload('# Hello', { name: '../folder\\Ghi chú\u0007 😀.md' });
  expect([status, body]).toEqual([201, { fileId: expect.stringMatching(/^[A-Za-z0-9]{16}$/), name: 'Ghi chú 😀.md', type: 'text/markdown', bytes: 7 }]);
  expect(node.callsOf('session-owner.session')).toEqual([{ action: 'session-owner.session', params: { userId, sessionId: 's1' } }]);
  expect(await files.file(idOf({ body }))).toMatchObject({ userId, sessionId: 's1' });
});

test('E7 nobody uploads without a token, or to a session that is not theirs', async () => {
  await start();
  expect(await upload('x', { token: 'nonsense' })).toMatchObject({ status: 401 });
  node.owner['session-owner.session'] = () => {
    throw chatError('not-found', 'There is no such session.');
  };
  expect(await upload('x')).toMatchObject({ status: 404, body: { error: { code: 'not-found' } } });
});

test('E8 the same again with the same id is the same file', async () => {
  await start();
  const first = await upload('one');
  expect(await upload('one')).toMatchObject({ status: 201, body: first.body });
  expect(idOf(await upload('one', { clientFileId: 'c2' }))).not.toBe(idOf(first));
  const { token: other } = await node.guest();
  expect(idOf(await upload('one', { token: other }))).not.toBe(idOf(first));
});

test('E9 a file that says it is too large is refused before it is read', async () => {
  await start({ env: { FILE_MAX_BYTES: '1000' } });
  const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const request = httpRequest(`${node.url}/api/files?sessionId=s1&name=a&clientFileId=c`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-length': '1001' } }, (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => (text += piece.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    request.on('error', reject);
    // Not one byte of it is sent.
    request.flushHeaders();
  });
  expect([status, JSON.parse(body)]).toEqual([413, { error: { code: 'too-large', message: 'A file may have at most 1000 bytes.', retryable: false } }]);
});

test('E9 one that does not say it is cut off once it is too much, and nothing of it is kept', async () => {
  await start({ env: { FILE_MAX_BYTES: '1000' } });
  let sent = 0;
  const status = await new Promise<number>((resolve, reject) => {
    const request = httpRequest(`${node.url}/api/files?sessionId=s1&name=a&clientFileId=c`, { method: 'POST', headers: { authorization: `Bearer ${token}` } }, (response) => {
      clearInterval(drip);
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    const drip = setInterval(() => request.write('x'.repeat((sent += 300, 300))), 5);
  });
  expect(status).toBe(413);
  expect(sent).toBeLessThan(20_000);
  expect(await files.sweep(Number.MAX_SAFE_INTEGER)).toBe(0);
});

test('E9 exactly as much as is allowed is taken', async () => {
  await start({ env: { FILE_MAX_BYTES: '1000' } });
  expect(await upload('x'.repeat(1_000))).toMatchObject({ status: 201, body: { bytes: 1_000 } });
  expect(await upload('x'.repeat(1_001), { clientFileId: 'c2' })).toMatchObject({ status: 413 });
});

test('E9 an upload that breaks off leaves nothing behind, and frees its place', async () => {
  await start();
  for (let i = 0; i < 25; i += 1) {
    const request = httpRequest(`${node.url}/api/files?sessionId=s1&name=a&clientFileId=b${i}`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-length': '1000' } });
    request.on('error', () => undefined);
    request.write('begun');
    await until('the gateway asks whose session it is', () => node.callsOf('session-owner.session').length > i);
    request.destroy();
  }
  expect(await upload('whole')).toMatchObject({ status: 201 });
  expect(await files.sweep(Number.MAX_SAFE_INTEGER)).toBe(1);
}, 20_000);

test.each([
  ['a.png', PNG, 'image/png'],
  ['not-a-text.txt', Buffer.from('ffd8ffe000104a46', 'hex'), 'image/jpeg'],
  ['a.gif', Buffer.from('GIF89a....'), 'image/gif'],
  ['a.webp', Buffer.from('RIFF\u0001\u0002\u0003\u0004WEBPVP8 '), 'image/webp'],
  ['README.MD', Buffer.from('# Tiếng Việt'), 'text/markdown'],
  ['main.ts', Buffer.from('export const a = 1;\n'), 'text/plain'],
  ['picture.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'), 'text/plain'],
  ['page.html', Buffer.from('<script>alert(1)</script>'), 'text/plain'],
])('E10 %s is taken for what its bytes are, whatever it is called', async (name, content, type) => {
  await start({ env: { AI_VISION: 'on' } });
  expect(await upload(content, { name, headers: { 'content-type': 'image/png' } })).toMatchObject({ status: 201, body: { type } });
});

test.each([
  ['a program', Buffer.from('7f454c4602010100', 'hex')],
  ['text in another encoding', Buffer.from('Ti\xeang Vi\xeat', 'latin1')],
  ['a PDF', Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3', 'latin1')],
  ['nothing', Buffer.alloc(0)],
  ['half a PNG', PNG.subarray(0, 6)],
])('E10 %s is refused in words', async (_what, content) => {
  await start({ env: { AI_VISION: 'on' } });
  expect(await upload(content)).toMatchObject({ status: 400, body: { error: { code: 'invalid', message: expect.stringMatching(/empty|Only text/) } } });
});

test('E11 without a model that sees, images are refused in words, and nobody offers them', async () => {
  await start();
  expect(await upload(PNG, { name: 'a.png' })).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining('does not read images') } } });
  const files = { maxBytes: 4_000_000, perMessage: 10, images: false, readBytes: 24_000 };
  expect((await node.http('/api/config')).body).toMatchObject({ files });
  expect((await node.connect()).hello.files).toEqual(files);
});

test('E11 limits are announced as they are set, and a server that takes no files says so by saying nothing', async () => {
  await start({ env: { FILE_MAX_BYTES: '0', AI_VISION: 'on' } });
  expect((await node.http('/api/config')).body).not.toHaveProperty('files');
  expect((await node.connect()).hello).not.toHaveProperty('files');
  expect(await upload('x')).toMatchObject({ status: 400, body: { error: { message: 'This server takes no files.' } } });
});

test('E12 uploads have a rate, and a user has a quota', async () => {
  await start({ env: { RATE_UPLOADS: '3', FILES_USER_BYTES: '10' } });
  expect(await upload('123456')).toMatchObject({ status: 201 });
  expect(await upload('123456', { clientFileId: 'c2' })).toMatchObject({ status: 413, body: { error: { code: 'too-large', message: expect.stringContaining('6 bytes of at most 10') } } });
  expect(await upload('1234', { clientFileId: 'c2' })).toMatchObject({ status: 201 });
  const over = await upload('1', { clientFileId: 'c3' });
  expect([over.status, over.headers.get('retry-after')]).toEqual([429, '60']);
});

test.each([
  ['name=a&clientFileId=c', 'sessionId'],
  ['sessionId=s1&clientFileId=c', 'name'],
  ['sessionId=s1&name=%2F&clientFileId=c', 'name'],
  ['sessionId=s1&name=a', 'clientFileId'],
  [`sessionId=s1&name=${'a'.repeat(201)}&clientFileId=c`, 'name'],
])('E12 %s is invalid and names the field', async (query, field) => {
  await start();
  expect(await node.http(`/api/files?${query}`, { method: 'POST', token, body: 'x' })).toMatchObject({ status: 400, body: { error: { code: 'invalid', message: expect.stringContaining(field) } } });
});

test('E13 a file is given back to its owner alone', async () => {
  await start();
  const id = idOf(await upload('secret'));
  const { token: other } = await node.guest();
  expect(await node.http(`/api/files/${id}`, { token })).toMatchObject({ status: 200, body: 'secret' });
  for (const as of [{ token: other }, {}]) expect((await node.http(`/api/files/${id}`, as)).status).toBe('token' in as ? 404 : 401);
  expect(await node.http('/api/files/nothing', { token })).toMatchObject({ status: 404, body: { error: { code: 'not-found' } } });
});

test('E14 text is never a page: it comes as text to be saved, and nothing in it may run', async () => {
  await start({ env: { AI_VISION: 'on' } });
  const page = await node.http(`/api/files/${idOf(await upload('<script>alert(1)</script>', { name: 'đây "là".html' }))}`, { token });
  const { headers } = page;
  expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''${encodeURIComponent('đây "là".html')}`);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  expect(headers.get('cache-control')).toBe('no-store');
  const image = await node.http(`/api/files/${idOf(await upload(PNG, { name: 'a.png', clientFileId: 'c2' }))}`, { token });
  expect([image.headers.get('content-type'), image.headers.get('content-disposition')]).toEqual(['image/png', "inline; filename*=UTF-8''a.png"]);
  expect(image.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
});

test('E15 files are named in a message over HTTP too; at most ten, each once, and a message without words or files is none', async () => {
  await start();
  expect(await node.http('/api/chat', { token, json: { sessionId: 's1', message: '', files: ['f1', 'f2'], clientMessageId: 'c' } })).toMatchObject({ status: 202 });
  expect(node.callsOf('session-owner.send')[0]?.params).toEqual({ userId, sessionId: 's1', clientMessageId: 'c', content: '', files: ['f1', 'f2'] });
  for (const bad of [['f1', 'f1'], Array.from({ length: 11 }, (_, i) => `f${i}`), ['a/b']]) {
    expect(await node.http('/api/chat', { token, json: { message: 'Hi', files: bad } })).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining('files') } } });
  }
  expect(await node.http('/api/chat', { token, json: { message: ' ', files: [] } })).toMatchObject({ status: 400, body: { error: { message: 'message: must not be empty' } } });
});

test('E7 a store that is away is a retryable refusal', async () => {
  await start({ backends: { files: { keep: () => Promise.reject(chatError('unavailable', 'away', 500)) } as never } });
  expect(await upload('x')).toMatchObject({ status: 503, body: { error: { code: 'unavailable', retryable: true } } });
});
