/** Loaded with --import and --expose-gc: on SIGUSR2 a line `memory {"rss":…,"heapUsed":…}` after a collection, in bytes. */
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  console.log(`memory ${JSON.stringify({ rss, heapUsed, external })}`);
});
