/** The owner's refusals that a client may simply try again. */
import { chatError } from '../errors.ts';

export function moving(): Error {
  return chatError('unavailable', 'The session is moving to another server. Try again.', 200);
}

export function stopping(): Error {
  return chatError('unavailable', 'This server is stopping. Try again.', 200);
}

export function recovering(retryAfterMs = 200): Error {
  return chatError('unavailable', 'The server recovers from an outage. Try again.', retryAfterMs);
}

/** The outcome is not known: the same request, sent again, finds it. */
export function notSaved(): Error {
  return chatError('unavailable', 'The server cannot save right now. Try again.', 500);
}
