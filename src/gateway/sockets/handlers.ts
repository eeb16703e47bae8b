/** What each client event does: a call of the session's owner on behalf of the user the socket proved to be. */
import { chatError } from '../../errors.ts';
import { call } from '../../typed-call.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { expectOffered, modelsReply } from '../models.ts';
import type { OpenSessions } from './open-sessions.ts';
import { send } from '../send.ts';
import type { ClientHandlers } from './socket-events.ts';
import { refreshToken } from './token-expiry.ts';

export function clientHandlers(gateway: GatewayContext, sessions: OpenSessions): ClientHandlers {
  const { broker } = gateway;
  return {
    'session:open': (socket, fields) => sessions.open(socket, fields),
    'session:close': (socket, { sessionId }) => sessions.close(socket, sessionId),
    'session:list': ({ data }, fields) => call(broker, 'session-owner.list', { ...fields, userId: data.userId }),
    'session:search': ({ data }, fields) => call(broker, 'session-owner.search', { ...fields, userId: data.userId }),
    'session:rename': ({ data }, fields) => call(broker, 'session-owner.rename', { ...fields, userId: data.userId }),
    'session:configure': async ({ data }, fields) => {
      if (fields.settings.model) await expectOffered(gateway, fields.settings.model);
      return call(broker, 'session-owner.configure', { ...fields, userId: data.userId });
    },
    'session:pin': ({ data }, fields) => call(broker, 'session-owner.pin', { ...fields, userId: data.userId }),
    'session:share': async ({ data }, fields) => {
      if (!gateway.config.SHARING) throw chatError('invalid', 'Sharing is switched off on this server.');
      return call(broker, 'session-owner.share', { ...fields, userId: data.userId });
    },
    'session:unshare': ({ data }, fields) => call(broker, 'session-owner.unshare', { ...fields, userId: data.userId }),
    'session:delete': async ({ data }, fields) => {
      await call(broker, 'session-owner.delete', { ...fields, userId: data.userId });
      return {};
    },
    'session:history': ({ data }, fields) => call(broker, 'session-owner.history', { ...fields, userId: data.userId }),
    'message:send': ({ data }, fields) => send(gateway, 'session-owner.send', { ...fields, userId: data.userId }),
    'message:regenerate': ({ data }, fields) => send(gateway, 'session-owner.regenerate', { ...fields, userId: data.userId }),
    'message:continue': ({ data }, fields) => send(gateway, 'session-owner.continue', { ...fields, userId: data.userId }),
    'message:edit': ({ data }, fields) => send(gateway, 'session-owner.edit', { ...fields, userId: data.userId }),
    'message:select': ({ data }, fields) => call(broker, 'session-owner.select', { ...fields, userId: data.userId }),
    'message:versions': ({ data }, fields) => call(broker, 'session-owner.versions', { ...fields, userId: data.userId }),
    'message:feedback': ({ data }, fields) => call(broker, 'session-owner.feedback', { ...fields, userId: data.userId }),
    'message:cancel': ({ data }, fields) => call(broker, 'session-owner.cancel', { ...fields, userId: data.userId }),
    'models:list': () => modelsReply(gateway),
    'auth:refresh': (socket, { token }) => refreshToken(gateway, socket, token),
  };
}
