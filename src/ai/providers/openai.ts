/** Any server that speaks OpenAI's chat completions, through the official package. */
import OpenAI, { APIError } from 'openai';
import type { Clock } from '../../clock.ts';
import type { FinishReason, Usage } from '../../protocol/wire.ts';
import { fromErrorObject, inWordsOf, notAStream, toProviderError } from './openai-errors.ts';
import { serverSentData } from './openai-stream.ts';
import { ProviderError, type ChatMessage, type GenerateRequest, type Provider, type ProviderEvent } from './provider.ts';

export interface OpenAiOptions {
  baseUrl: string | undefined;
  apiKey: string | undefined;
  model: string;
  clock: Clock;
}

/** A chunk as it really comes: compatible servers leave out and add what they like. */
interface Chunk {
  error?: object | null;
  object?: string;
  code?: unknown;
  type?: unknown;
  model?: string;
  choices?: { delta?: Delta | null; finish_reason?: string | null }[] | null;
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
}
interface Delta {
  content?: string | null;
  reasoning_content?: string | null;
  reasoning?: string | null;
  tool_calls?: unknown;
}

/** What is known of the whole answer so far. */
interface Answer {
  model: string;
  isDone: boolean;
  finish?: FinishReason;
  usage?: Usage;
}

const OFFICIAL_URL = 'https://api.openai.com/v1';
/** After the finish reason only the usage is missing: a server that keeps the line open is not waited for longer. */
const USAGE_WAIT_MS = 1_000;
/** The deadlines are the caller's; the package's own must not come first. */
const NO_TIMEOUT = 2_147_483_647;

export class OpenAiProvider implements Provider {
  readonly name = 'openai';
  readonly model: string;
  private readonly client: OpenAI;
  private readonly clock: Clock;

  constructor(options: OpenAiOptions) {
    this.model = options.model;
    this.clock = options.clock;
    this.client = new OpenAI({
      baseURL: options.baseUrl ?? OFFICIAL_URL,
      // Servers without keys get a word in its place: the package insists on one.
      apiKey: options.apiKey ?? 'none',
      // Otherwise the package looks into the environment by itself.
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: NO_TIMEOUT,
      // It would log the text of what it cannot read.
      logLevel: 'off',
    });
  }

  /** GET /v1/models */
  async models(signal: AbortSignal): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { id } of this.client.models.list({ signal })) names.push(id);
    } catch (thrown) {
      throw toProviderError(thrown, this.clock.now());
    }
    return names;
  }

  async *generate(request: GenerateRequest): AsyncIterable<ProviderEvent> {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    request.signal.addEventListener('abort', abort, { once: true });
    if (request.signal.aborted) abort();
    try {
      yield* this.read(await this.ask(request, controller), request.model ?? this.model);
    } catch (thrown) {
      throw inWordsOf(request, this.model, toProviderError(thrown, this.clock.now()));
    } finally {
      request.signal.removeEventListener('abort', abort);
      controller.abort();
    }
  }

  private async ask({ messages, prefix, model, temperature }: GenerateRequest, controller: AbortController): Promise<Response> {
    const body = {
      model: model ?? this.model,
      ...(temperature !== undefined && { temperature }),
      messages: prefix === '' ? messages.map(toParam) : [...messages.map(toParam), { role: 'assistant' as const, content: prefix }],
      stream: true as const,
      stream_options: { include_usage: true },
      // vLLM and llama.cpp need to be told that the last message is open; a server that cannot do it says 400.
      ...(prefix !== '' && { continue_final_message: true, add_generation_prompt: false }),
    };
    const response = await this.client.chat.completions.create(body, { signal: controller.signal }).asResponse();
    const contentType = response.headers.get('content-type') ?? '';
    if (/html|application\/json/i.test(contentType)) throw notAStream(contentType);
    return response;
  }

  private async *read(response: Response, model: string): AsyncIterable<ProviderEvent> {
    const reads = serverSentData(response.body ?? new ReadableStream())[Symbol.asyncIterator]();
    const answer: Answer = { model, isDone: false };
    for (;;) {
      const isOver = answer.finish !== undefined || answer.isDone;
      const step = await (isOver ? this.soon(reads.next()) : reads.next());
      if (step === null || step.done === true) break;
      for (const data of step.value) {
        const event = take(answer, data, response.headers);
        if (event !== null) yield event;
      }
    }
    const { finish, usage, isDone } = answer;
    if (finish === undefined && !isDone) {
      throw new ProviderError('ai-unavailable', 'The model server broke off its answer. Try again.', { transient: true, details: { upstream: 'no finish' } });
    }
    yield { type: 'finish', finishReason: finish ?? 'stop', ...(usage && { usage }), model: answer.model };
  }

  /** null when nothing comes in time, or when the connection breaks: the answer itself is complete. */
  private async soon<T>(next: Promise<T>): Promise<T | null> {
    let stop = (): void => {};
    const late = new Promise<null>((resolve) => {
      stop = this.clock.after(USAGE_WAIT_MS, () => resolve(null));
    });
    try {
      return await Promise.race([next.catch(() => null), late]);
    } finally {
      stop();
    }
  }
}

/** Images are parts beside the text; without any, servers that know only text get only text. */
function toParam({ role, content, images = [] }: ChatMessage): OpenAI.ChatCompletionMessageParam {
  if (role !== 'user' || images.length === 0) return { role, content };
  const parts = images.map(({ url }) => ({ type: 'image_url' as const, image_url: { url } }));
  return { role, content: [{ type: 'text', text: content }, ...parts] };
}

/** One event's data: what it says of the whole answer is noted, its text is given. Nothing of the reply comes after its finish. */
function take(answer: Answer, data: string, headers: Headers): ProviderEvent | null {
  if (answer.isDone) return null;
  if (data.startsWith('[DONE]')) {
    answer.isDone = true;
    return null;
  }
  if (answer.finish !== undefined) {
    const usage = usageIn(data);
    if (usage) answer.usage = usage;
    return null;
  }
  const chunk = JSON.parse(data) as Chunk;
  if (chunk.error) throw new APIError(undefined, chunk.error, undefined, headers);
  if (chunk.object === 'error') throw fromErrorObject(chunk);
  answer.model = chunk.model ?? answer.model;
  const usage = toUsage(chunk.usage);
  if (usage) answer.usage = usage;
  const choice = chunk.choices?.[0];
  if (choice?.finish_reason) answer.finish = toFinishReason(choice.finish_reason);
  return toEvent(choice?.delta ?? {});
}

/** The answer is complete: what cannot be read any more does no harm. */
function usageIn(data: string): Usage | undefined {
  try {
    return toUsage((JSON.parse(data) as Chunk).usage);
  } catch {
    return undefined;
  }
}

function toEvent(delta: Delta): ProviderEvent | null {
  if (typeof delta.content === 'string' && delta.content !== '') return { type: 'text', text: delta.content };
  const thinks = Boolean(delta.reasoning_content) || Boolean(delta.reasoning) || Boolean(delta.tool_calls);
  return thinks ? { type: 'thinking' } : null;
}

function toFinishReason(reason: string): FinishReason {
  if (reason === 'length') return 'length';
  return reason === 'content_filter' ? 'content-filter' : 'stop';
}

function toUsage(usage: Chunk['usage']): Usage | undefined {
  if (typeof usage?.prompt_tokens !== 'number' || typeof usage.completion_tokens !== 'number') return undefined;
  return { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens };
}
