/** What is uploaded of a file that somebody gave, looked at here, so that a refusal comes before the upload. */
import type { FileLimits } from '../../../src/protocol/wire.ts';
import type { Prepared } from '../chat-client/file-uploads.ts';

/** More than any PDF of words; past it the tab would suffer. */
const MAX_PDF_BYTES = 60_000_000;
const IMAGE = /^image\/(png|jpeg|webp|gif)$/;

export function isImage(type: string): boolean {
  return IMAGE.test(type);
}

/** Of a PDF the text, read in this browser; of a text in another Unicode encoding, the same in UTF-8. */
export async function prepare(file: File, limits: FileLimits): Promise<Prepared> {
  if (file.size === 0) return { problem: 'empty' };
  if (isPdf(file)) return preparePdf(file, limits);
  if (file.size > limits.maxBytes) return { problem: 'too-large' };
  if (isImage(file.type)) return limits.images ? { body: file, type: file.type } : { problem: 'no-images' };
  if (file.type.startsWith('image/') && file.type !== 'image/svg+xml') return { problem: 'not-text' };
  const text = decode(new Uint8Array(await file.arrayBuffer()));
  return text === null ? { problem: 'not-text' } : { body: new Blob([text]), type: 'text/plain' };
}

function isPdf({ type, name }: File): boolean {
  return type === 'application/pdf' || /\.pdf$/i.test(name);
}

async function preparePdf(file: File, limits: FileLimits): Promise<Prepared> {
  if (file.size > MAX_PDF_BYTES) return { problem: 'too-large' };
  const { pdfText } = await import('./pdf-text.ts');
  const text = await pdfText(await file.arrayBuffer(), limits.maxBytes);
  const body = new Blob([text]);
  if (text.trim() === '') return { problem: 'pdf-no-text' };
  return body.size > limits.maxBytes ? { problem: 'too-large' } : { body, type: 'text/plain' };
}

/** null: no text in UTF-8 or, with its mark, UTF-16. */
function decode(bytes: Uint8Array<ArrayBuffer>): string | null {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes('\u0000') ? null : text;
  } catch {
    return null;
  }
}
