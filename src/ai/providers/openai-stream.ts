/** The body of a streamed answer, watched for its end mark, which the package reads without telling. */

export interface WatchedBody {
  response: Response;
  /** True once the line `data: [DONE]` has passed. */
  sawDone(): boolean;
}

/** A text can hold "[DONE]" too, but inside JSON no line can begin with it. */
const DONE_LINE = /(?:^|[\r\n])data: ?\[DONE\]/;
const LONGEST_DONE = 14;

export function watchDone(response: Response): WatchedBody {
  let done = false;
  let tail = '';
  const watcher = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      if (!done) {
        const text = tail + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
        done = DONE_LINE.test(text);
        tail = text.slice(-LONGEST_DONE);
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
