/** The built app on a scripted server, with a conversation worth looking at. */
import type { Session } from '../../src/protocol/wire.ts';
import { startScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { scriptedSession, type ScriptedSession } from '../support/scripted-session.ts';
import { serveApp } from './static-app.ts';

export interface Stage {
  server: ScriptedServer;
  session: ScriptedSession;
  /** Address of the session, with the debug hook. */
  url: string;
  close(): Promise<void>;
}

const TITLES = [
  'Retrying requests with backoff',
  'How a write-ahead log works',
  'Kế hoạch cuối tuần ở Hội An',
  'Questions for the interview on Thursday',
  'A friendlier answer to the landlord about the heating, second attempt',
  'Regular expressions for dates',
];

function chats(first: Session): Session[] {
  const others = TITLES.slice(1).map((title, index) => ({
    ...first,
    id: `other${index}`,
    title,
    updatedAt: new Date(Date.parse(first.updatedAt) - (index + 1) * 3_600_000).toISOString(),
  }));
  return [first, ...others];
}

export const ANSWER = `Here is a small helper. It waits a little longer after each failure, and adds some chance so that many clients do not come back in step.

## The function

\`\`\`ts
async function retry<T>(task: () => Promise<T>, attempts = 5): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task();
    } catch (error) {
      if (attempt === attempts) throw error;
      const pause = Math.min(10_000, 200 * 2 ** attempt);
      await new Promise((resolve) => setTimeout(resolve, pause / 2 + Math.random() * (pause / 2)));
    }
  }
}
\`\`\`

### What to watch for

- **Only retry what may be repeated.** A payment that was carried out twice is worse than one that failed.
- Give up at some point, and *say so*.
- Respect \`Retry-After\` when the server names a time.

| Attempt | Shortest pause | Longest pause |
|:--|--:|--:|
| 1 | 200 ms | 400 ms |
| 2 | 400 ms | 800 ms |
| 3 | 800 ms | 1.6 s |

> A good retry is invisible; a bad one is a second outage.

More about this in [the article on backoff](https://example.com/backoff).
`;

/** Accepts a message as the real server does: acknowledged, and an open reply without a word. */
export function acceptSends(stage: Stage): void {
  const { server, session } = stage;
  server.handlers['message:send'] = ({ clientMessageId, content }) => {
    const known = session.messages.find((message) => message.clientMessageId === clientMessageId);
    const replyId = known === undefined ? session.begin(content, clientMessageId) : (session.messages.find((message) => message.parentId === known.id)?.id ?? '');
    const messageId = session.messages.find((message) => message.clientMessageId === clientMessageId)?.id ?? '';
    return { ok: true, messageId, replyId, duplicate: known !== undefined };
  };
  server.handlers['message:cancel'] = ({ messageId }) => {
    if (session.messages.find((message) => message.id === messageId)?.status === 'streaming') session.end('cancelled');
    return { ok: true, status: session.messages.find((message) => message.id === messageId)?.status ?? 'cancelled' };
  };
}

/** One finished turn that shows what Markdown can do. */
export function tell(session: ScriptedSession, question: string, answer = ANSWER): string {
  const reply = session.begin(question, undefined, false);
  session.lose(answer);
  session.end();
  return reply;
}

export async function openStage(): Promise<Stage> {
  const server = await startScriptedServer();
  serveApp(server);
  const session = scriptedSession(server, 'kelp00000001', TITLES[0]);
  server.handlers['session:open'] = (request) => session.open(request);
  server.handlers['session:list'] = () => ({ ok: true, sessions: chats(session.session), hasMore: false });
  const stage: Stage = { server, session, url: `${server.url}/s/${session.id}?debug`, close: () => server.close() };
  acceptSends(stage);
  return stage;
}
