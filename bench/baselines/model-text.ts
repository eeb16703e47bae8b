/** The pieces of one answer, read through the same package as Holdfast's own provider reads them. */
import OpenAI from 'openai';

const openai = new OpenAI({ baseURL: process.env['OPENAI_BASE_URL'], apiKey: 'x', maxRetries: 0 });

export async function* textOf(content: string, signal?: AbortSignal): AsyncGenerator<string> {
  const stream = await openai.chat.completions.create({ model: 'bench', stream: true, messages: [{ role: 'user', content }] }, { signal });
  for await (const part of stream) {
    const text = part.choices[0]?.delta.content;
    if (text) yield text;
  }
}
