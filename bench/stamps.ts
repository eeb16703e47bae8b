/** The time of sending, written into each token; the clock is the machine's own, so that any process can read it. */

/** Microseconds of a clock that all processes of this machine share. */
export const micros = (): number => Number(process.hrtime.bigint() / 1_000n);

/** A token: the time, and a space. */
export const stamp = (): string => `${micros()} `;

/** How long each stamp of this text travelled, in ms. */
export function travelTimes(text: string): number[] {
  const now = micros();
  return text.split(' ').filter((part) => part.length > 0).map((part) => (now - Number(part)) / 1_000);
}
