/** The chat without a socket: the same calls, the same rules. */
import { randomUUID } from 'node:crypto';
import { clientEvents, httpBodies } from '../../protocol/wire.ts';
import { call } from '../../typed-call.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { identify, queryInteger, type ApiHandler } from './http-request.ts';
import { modelsReply } from '../models.ts';
import { send } from '../send.ts';
import { parseFields } from '../sockets/socket-events.ts';

const withLimit = { limit: queryInteger };
const historyQuery = clientEvents['session:history'].omit({ limit: true }).extend(withLimit);
const sessionsQuery = clientEvents['session:list'].omit({ limit: true }).extend(withLimit);
const searchQuery = clientEvents['session:search'].omit({ limit: true }).extend(withLimit);

/** POST /api/chat. Without a clientMessageId each request is a message of its own. */
export function chat(gateway: GatewayContext): ApiHandler {
  return async (request) => {
    const { userId } = await identify(gateway, request);
    const { sessionId, message, clientMessageId = randomUUID(), files } = parseFields(httpBodies.chat, request.body);
    const sent = await send(gateway, 'session-owner.send', { userId, sessionId, clientMessageId, content: message, ...(files && { files }) });
    const { messageId, replyId, duplicate, status } = sent;
    return { status: 202, body: { sessionId: sent.sessionId, messageId, replyId, status, duplicate } };
  };
}

/** POST /api/cancel */
export function cancel(gateway: GatewayContext): ApiHandler {
  return async (request) => {
    const { userId } = await identify(gateway, request);
    const fields = parseFields(httpBodies.cancel, request.body);
    return { status: 200, body: await call(gateway.broker, 'session-owner.cancel', { ...fields, userId }) };
  };
}

/** GET /api/history/:sessionId?before&limit */
export function history(gateway: GatewayContext): ApiHandler {
  return async (request) => {
    const { userId } = await identify(gateway, request);
    const fields = parseFields(clientEvents['session:history'], parseFields(historyQuery, { ...request.query, ...request.params }));
    return { status: 200, body: await call(gateway.broker, 'session-owner.history', { ...fields, userId }) };
  };
}

/** GET /api/sessions?before&limit&query */
export function sessions(gateway: GatewayContext): ApiHandler {
  return async (request) => {
    const { userId } = await identify(gateway, request);
    const fields = parseFields(clientEvents['session:list'], parseFields(sessionsQuery, request.query));
    return { status: 200, body: await call(gateway.broker, 'session-owner.list', { ...fields, userId }) };
  };
}

/** GET /api/models */
export function models(gateway: GatewayContext): ApiHandler {
  return async (request) => {
    await identify(gateway, request);
    return { status: 200, body: await modelsReply(gateway) };
  };
}

/** GET /api/search?query&before&limit */
export function search(gateway: GatewayContext): ApiHandler {
  return async (request) => {
    const { userId } = await identify(gateway, request);
    const fields = parseFields(clientEvents['session:search'], parseFields(searchQuery, request.query));
    return { status: 200, body: await call(gateway.broker, 'session-owner.search', { ...fields, userId }) };
  };
}
