/** What a helper leaves behind is cleared away when the test file ends; outside jest, when the tool says so. */
const ends: (() => unknown)[] = [];

export function atEnd(end: () => unknown): void {
  if (typeof afterAll === 'function') afterAll(async () => void (await end()));
  else ends.push(end);
}

/** The latest first. For tools, which have no test file. */
export async function endAll(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}
