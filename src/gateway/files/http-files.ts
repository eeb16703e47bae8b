/** Files for a session: taken here, kept in the store, and given back to their owner alone. Their bytes never pass the broker. */
import type { ServerResponse } from 'node:http';
import type { Middleware } from 'moleculer-web';
import type { StoredFile } from '../../backends/contracts.ts';
import { chatError } from '../../errors.ts';
import { fileIdFor } from '../../ids.ts';
import { isImage } from '../../protocol/is-image.ts';
import { uploadQuery } from '../../protocol/upload.ts';
import { describeIssues, type UploadReply } from '../../protocol/wire.ts';
import { call } from '../../typed-call.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { answerFailure } from '../http/http-failure.ts';
import { identify, requestOf, type ApiHandler } from '../http/http-request.ts';
import { takeQuota } from '../send-quota.ts';
import { fileType } from './file-type.ts';
import { readBody } from './read-body.ts';

/** A line of 300 kbit/s takes a file of 4 MB. */
const UPLOAD_MS = 120_000;
/** At one gateway: files are held in memory until they are whole. */
const AT_ONCE = 20;

/** POST /api/files?sessionId&name&clientFileId, the file as its body. */
export function upload(gateway: GatewayContext): ApiHandler {
  let running = 0;
  return async (request) => {
    const { userId } = await identify(gateway, request);
    const { config, broker, clock } = gateway;
    if (config.FILE_MAX_BYTES === 0) throw chatError('invalid', 'This server takes no files.');
    const query = uploadQuery.safeParse(request.query);
    if (!query.success) throw chatError('invalid', describeIssues(query.error));
    const { sessionId, name, clientFileId } = query.data;
    await takeUpload(gateway, userId);
    await call(broker, 'session-owner.session', { userId, sessionId });
    if (running >= AT_ONCE) throw chatError('unavailable', 'Many files are on their way. Try again in a moment.', 1_000);
    running += 1;
    try {
      const content = await readBody(request.raw, { bytes: config.FILE_MAX_BYTES, ms: UPLOAD_MS }, clock);
      const type = checkedType(gateway, content, name);
      const id = fileIdFor(userId, sessionId, clientFileId);
      const file = await keep(gateway, { id, userId, sessionId, name, type, bytes: content.byteLength, keptAt: clock.now() }, content);
      return { status: 201, body: uploadReply(file) };
    } finally {
      running -= 1;
    }
  };
}

async function takeUpload(gateway: GatewayContext, userId: string): Promise<void> {
  const { RATE_UPLOADS, RATE_UPLOADS_WINDOW_MS } = gateway.config;
  const waitMs = await takeQuota(gateway, `upload:${userId}`, RATE_UPLOADS, RATE_UPLOADS_WINDOW_MS);
  if (waitMs > 0) throw chatError('rate-limited', `At most ${RATE_UPLOADS} files in ${Math.ceil(RATE_UPLOADS_WINDOW_MS / 1000)} s. Wait a moment.`, waitMs);
}

function checkedType({ config }: GatewayContext, content: Buffer, name: string): string {
  if (content.byteLength === 0) throw chatError('invalid', 'The file is empty.');
  const type = fileType(content, name);
  if (type === null) throw chatError('invalid', 'Only text in UTF-8 and PNG, JPEG, WebP or GIF images can be read.');
  if (isImage({ type }) && !config.AI_VISION) throw chatError('invalid', 'The model of this server does not read images.');
  return type;
}

async function keep({ backends, config }: GatewayContext, file: StoredFile, content: Buffer): Promise<StoredFile> {
  const kept = await backends.files.keep(file, content, config.FILES_USER_BYTES);
  if (kept.status !== 'full') return kept.file;
  throw chatError('too-large', `Your files have ${kept.used} bytes of at most ${config.FILES_USER_BYTES}. Delete chats with files to make room.`);
}

function uploadReply({ id, name, type, bytes }: StoredFile): UploadReply {
  return { fileId: id, name, type, bytes };
}

/** GET /api/files/:id, for its owner. */
export function download(gateway: GatewayContext): Middleware {
  return (req, res) => {
    const request = requestOf(req);
    const find = async (): Promise<void> => {
      const { userId } = await identify(gateway, request);
      const { files } = gateway.backends;
      const file = await files.file(request.params['id'] ?? '');
      const content = file?.userId === userId ? await files.content(file.id) : null;
      if (!file || content === null) throw chatError('not-found', 'There is no such file.');
      send(res, file, content);
    };
    find().catch((thrown: unknown) => answerFailure(gateway, req, res, thrown));
  };
}

/** Whatever a text holds, no browser takes it for a page or a script; `nosniff` stands on every answer. */
function send(res: ServerResponse, { name, type }: StoredFile, content: Uint8Array): void {
  const picture = isImage({ type });
  res.writeHead(200, {
    'Content-Type': picture ? type : 'text/plain; charset=utf-8',
    'Content-Length': content.byteLength,
    'Content-Disposition': `${picture ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)}`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': 'no-store',
  });
  res.end(content);
}
