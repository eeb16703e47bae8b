/** The body of a streamed answer, watched for its end mark, which the package reads without telling. */

export interface WatchedBody {
  response: Response;
  /** True once the line `data: [DONE]` has passed. */
  sawDone(): boolean;
}

/** An answer's text can hold the same words, but within JSON no line can begin with them. */
const DONE_LINE = /[\r\n]data: ?\[DONE\]/;
/** A match that is not complete yet is shorter than this. */
const TAIL = 13;

export function watchDone(response: Response): WatchedBody {
  let done = false;
  // The beginning of the body is the beginning of a line.
  let tail = '\n';
  const watcher = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      if (!done) {
        const text = tail + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
        done = DONE_LINE.test(text);
        tail = text.slice(-TAIL);
      }
      controller.enqueue(bytes);
    },
    /** Some servers leave out the empty line behind their last event; without it the package would drop that event. */
    flush(controller) {
      controller.enqueue(Buffer.from('\n\n'));
    },
  });
  const body = response.body?.pipeThrough(watcher) ?? null;
  return { response: new Response(body, { headers: response.headers, status: response.status }), sawDone: () => done };
}
