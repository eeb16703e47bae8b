/** Waits for a condition instead of a time: looks every 5 ms, and says what it waited for when the limit is over. */
export async function until(what: string, predicate: () => boolean | Promise<boolean>, limitMs = 5_000): Promise<void> {
  const limit = Date.now() + limitMs;
  while (!(await predicate())) {
    if (Date.now() > limit) throw new Error(`waited ${limitMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
