/** What the server made and its event does not show has been missed: the session is opened again, and then it is given up. */
import type { Environment } from './environment.ts';
import type { SessionSync } from './session-sync.ts';

const EVENT_LIMIT_MS = 5_000;

/** `drop`: it is still awaited after the session was opened anew, as another version was chosen since. */
export function watchForEvent(env: Environment, sync: Pick<SessionSync, 'reopen'>, awaited: () => boolean, drop: () => void): void {
  env.clock.after(EVENT_LIMIT_MS, () => {
    if (!awaited()) return;
    sync.reopen();
    env.clock.after(EVENT_LIMIT_MS, () => awaited() && drop());
  });
}
