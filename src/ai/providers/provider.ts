/**
 * What a model server is to Holdfast. Whoever wants another one implements `Provider` and names it in
 * `create-provider.ts`; deadlines, retries, batching, well-formed text and the one end of a run are not its business.
 * docs/EXTENDING.md has a complete example.
 */
import type { ErrorCode } from '../../protocol/errors.ts';
import type { PromptMessage } from '../../protocol/broker.ts';
import type { FinishReason, Usage } from '../../protocol/wire.ts';

/** `content` holds everything in words: the texts of the files that were given with it, then what the person wrote. */
export type ChatMessage = PromptMessage & {
  /** What the person wrote, where files stand before it. */
  said?: string;
  /** For models that see: data URLs. Only with messages of the user. */
  images?: { type: string; url: string }[];
};

export interface GenerateRequest {
  /** The conversation, oldest first, the operator's system prompt in front. */
  messages: ChatMessage[];
  /** Text of this very reply that readers have already; what is yielded goes on exactly after it. '' for a new reply. */
  prefix: string;
  /** Aborted when nobody wants the answer any more: close the connection to the model server at once. */
  signal: AbortSignal;
  /** For servers that keep a cache per conversation. */
  sessionId: string;
  /** One of `models`; absent: the provider's own. */
  model?: string;
  /** 0 to 2; absent: what the model server takes by itself. */
  temperature?: number;
}

export type ProviderEvent =
  /** The next piece, of any length; it may end in the middle of a surrogate pair. */
  | { type: 'text'; text: string }
  /** The model works without showing text (reasoning). It counts as a token for the deadlines. Optional. */
  | { type: 'thinking' }
  /** The last event: nothing after it is read. */
  | { type: 'finish'; finishReason: FinishReason; usage?: Usage; model?: string };

export interface Provider {
  /** As in AI_PROVIDER and in `ai.status`. */
  readonly name: string;
  readonly model: string;
  /**
   * Names of the models that may be asked for. Optional: without it there is `model` alone. Throws when the model server
   * cannot be asked; asked again a while later.
   */
  models?(signal: AbortSignal): Promise<string[]>;
  /**
   * One attempt at an answer. Ends with `finish`, or throws ProviderError; anything else thrown, or an end without
   * `finish`, fails the run as `ai-unavailable`. Called again for a retry only when the attempt yielded nothing yet.
   */
  generate(request: GenerateRequest): AsyncIterable<ProviderEvent>;
}

export type ProviderErrorCode = Extract<ErrorCode, 'ai-unavailable' | 'ai-refused' | 'ai-timeout'>;

export interface ProviderErrorOptions {
  /** The same request may succeed in a moment: it is tried again while no token has come. */
  transient?: boolean;
  /** The model server said how long to wait, in ms. */
  retryAfterMs?: number;
  cause?: unknown;
  /** Goes to the log, never to users: status and codes of the model server, no text of a conversation, no key. */
  details?: Record<string, unknown>;
}

/** A failure in words for the person who reads the chat. `message` says what is wrong and what to do. */
export class ProviderError extends Error {
  readonly code: ProviderErrorCode;
  readonly transient: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: Record<string, unknown>;
  constructor(code: ProviderErrorCode, message: string, options: ProviderErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'ProviderError';
    this.code = code;
    this.transient = options.transient ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details ?? {};
  }
}
