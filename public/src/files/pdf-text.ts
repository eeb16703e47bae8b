/** The words of a PDF, page by page. Loaded with its library when the first PDF is given; its worker is a file of the app. */
import { GlobalWorkerOptions, VerbosityLevel, getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import workerUrl from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs?url';

GlobalWorkerOptions.workerSrc = workerUrl;

interface Piece {
  str?: string;
  hasEOL?: boolean;
}

/** Stops once it is longer than anybody may send. Empty: pages without text, such as scanned ones. */
export async function pdfText(data: ArrayBuffer, most: number): Promise<string> {
  // Its own warnings are about looks; what matters is an error.
  const loading = getDocument({ data, verbosity: VerbosityLevel.ERRORS, disableFontFace: true, useSystemFonts: false, useWasm: false, stopAtErrors: false });
  try {
    const document = await loading.promise;
    const pages: string[] = [];
    let length = 0;
    for (let number = 1; number <= document.numPages && length <= most; number += 1) {
      const page = await document.getPage(number);
      const { items } = await page.getTextContent();
      const text = linesOf(items as Piece[]);
      page.cleanup();
      length += text.length;
      if (text !== '') pages.push(text);
    }
    return pages.join('\n\n').normalize();
  } finally {
    await loading.destroy();
  }
}

function linesOf(items: Piece[]): string {
  const text = items.map(({ str = '', hasEOL = false }) => (hasEOL ? `${str}\n` : str)).join('');
  return text.replaceAll('\u0000', '').replace(/[ \t]+\n/g, '\n').trim();
}
