/** What the command line says besides the names of measurements. */
export interface Options {
  /** More of everything. */
  long: boolean;
  /** --runs N: repeats, where a measurement has runs. */
  runs: number | undefined;
  /** --clients N: sockets, where a measurement is about many. */
  clients: number | undefined;
}

export function readOptions(args: string[]): { names: string[]; options: Options } {
  const options: Options = { long: false, runs: undefined, clients: undefined };
  const names: string[] = [];
  for (let n = 0; n < args.length; n += 1) {
    const word = args[n] ?? '';
    if (word === '--long') options.long = true;
    else if (word === '--runs' || word === '--clients') options[word === '--runs' ? 'runs' : 'clients'] = countAfter(word, args[(n += 1)]);
    else names.push(word);
  }
  return { names, options };
}

function countAfter(name: string, value: string | undefined): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${name} needs a whole number above 0`);
  return count;
}
