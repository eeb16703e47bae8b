/** One reply for each client at the same time, listened to until all have ended. */
import type { Client } from '../clients.ts';
import { travelTimes } from '../stamps.ts';

const LIMIT_MS = 60_000;

export interface Shape {
  tokens: number;
  /** Between two tokens, in ms. */
  pause: number;
  /** Before the first, in ms, so that every reader can be there. */
  delay?: number;
}
export interface Heard {
  tokens: number;
  /** From the first send to the last end, in ms. */
  tookMs: number;
  /** How long each token travelled, in ms; empty unless asked for. */
  times: number[];
}

/** Throws when a token is missing or too many, or when it takes longer than a minute. */
export async function replies(clients: Client[], shape: Shape, withTimes: boolean): Promise<Heard> {
  const heard: Heard = { tokens: 0, tookMs: 0, times: [] };
  const began = performance.now();
  const ends = clients.map((client) => new Promise<void>((resolve) => {
    client.onText = (text) => {
      if (!withTimes) return void (heard.tokens += spacesIn(text));
      const times = travelTimes(text);
      heard.tokens += times.length;
      heard.times.push(...times);
    };
    client.onEnd = resolve;
  }));
  await Promise.all(clients.map((client) => client.send(`tokens=${shape.tokens} pause=${shape.pause} delay=${shape.delay ?? 0}`)));
  await limited(Promise.all(ends), () => `${heard.tokens} of ${clients.length * shape.tokens} tokens came`);
  heard.tookMs = performance.now() - began;
  const expected = clients.length * shape.tokens;
  if (heard.tokens !== expected) throw new Error(`expected ${expected} tokens, got ${heard.tokens}`);
  return heard;
}

/** Each token ends with one; cheaper than cutting, since the listener shares the machine. */
function spacesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf(' '); at !== -1; at = text.indexOf(' ', at + 1)) count += 1;
  return count;
}

async function limited<T>(task: Promise<T>, soFar: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`replies did not end within ${LIMIT_MS} ms; ${soFar()}`)), LIMIT_MS);
  });
  try {
    return await Promise.race([task, late]);
  } finally {
    clearTimeout(timer);
  }
}
