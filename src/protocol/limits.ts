/**
 * Limits of the wire contract: the same numbers for the server and for every client.
 * What an operator may change is a setting in `src/config.ts`; these are part of protocol version 1.
 */
export const PROTOCOL_VERSION = 1;

/** Characters (Unicode code points) of one user message; so are the other lengths of text. */
export const MAX_CONTENT_LENGTH = 100_000;
export const MAX_TITLE_LENGTH = 200;
export const MAX_QUERY_LENGTH = 200;
/** Sessions in one page of what a search found; messages shown of each; UTF-16 units of text shown of one of these, about. */
export const SEARCH_PAGE = 20;
export const MAX_SEARCH_PAGE = 50;
export const SEARCH_HITS = 3;
export const EXCERPT_LENGTH = 140;
export const MAX_CLIENT_MESSAGE_ID_LENGTH = 100;
/** Of a session's settings. */
export const MAX_MODEL_LENGTH = 200;
export const MAX_SYSTEM_PROMPT_LENGTH = 8_000;
export const MAX_TEMPERATURE = 2;
/** What somebody says about a reply. */
export const MAX_COMMENT_LENGTH = 2_000;
/** Versions of one turn: of a reply, or of a user's message. */
export const MAX_VERSIONS = 100;
/** Files of one message. */
export const MAX_FILES = 10;
/** Characters of a file's name. */
export const MAX_FILE_NAME_LENGTH = 200;
/** Messages or sessions in one page. */
export const DEFAULT_PAGE = 50;
export const MAX_PAGE = 200;
/** Characters of a session id made by the server; short because it travels with every delta. */
export const SESSION_ID_LENGTH = 12;
export const MESSAGE_ID_LENGTH = 16;
/** 142 random bits: whoever has the id may read what is shared under it. */
export const SHARE_ID_LENGTH = 24;
export const LOG_ID_LENGTH = 4;
/** A client that streams opens again with its cursor after this long without a frame, in ms. */
export const CLIENT_SILENCE_MS = 5_000;
