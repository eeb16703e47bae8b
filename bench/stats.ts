/** Figures of a list of measurements, in the unit they came in. */
export interface Figures {
  n: number;
  p50: number;
  p99: number;
  max: number;
}

export function figures(values: number[]): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { n: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? NaN };
}

export const round = (value: number): number => Math.round(value * 100) / 100;

/** One line of a result: name, then p50 and p99 in ms. */
export function line(name: string, { n, p50, p99, max }: Figures): string {
  return `${name.padEnd(44)} p50 ${round(p50)} ms   p99 ${round(p99)} ms   max ${round(max)} ms   (n=${n})`;
}

/** A figure beside its goal: `1.32 (goal <= 1.5)`, with MISSED where it is. */
export function goal(value: number, sign?: '<=' | '>=', wanted?: number, unit = ''): string {
  const shown = `${round(value)}${unit}`;
  if (sign === undefined || wanted === undefined) return shown;
  const met = sign === '<=' ? value <= wanted : value >= wanted;
  return `${shown} (goal ${sign} ${wanted}${unit}${met ? '' : ': MISSED'})`;
}
