/** What the makers of audit entries, the sinks and the tools that read the trail agree on. docs/KAFKA.md tells it in prose. */

/** Version of an entry's fields. Fields are added freely; a change of meaning is a new version. */
export const AUDIT_SCHEMA_VERSION = 1;

/** The one type that is analytics: one entry per ended reply, without text. */
export const REPLY_ENDED = 'reply.ended';
/** The first message of a session was accepted. */
export const SESSION_CREATED = 'session.created';
/** A node took the session over. */
export const SESSION_CLAIMED = 'session.claimed';
