/** What happened, second by second, for a person to read. */
export class Timeline {
  readonly #began = Date.now();
  readonly #lines: { at: number; text: string }[] = [];

  say(text: string, at = Date.now()): void {
    this.#lines.push({ at, text });
  }

  text(): string {
    const ordered = this.#lines.toSorted((a, b) => a.at - b.at);
    return ordered.map(({ at, text }) => `${((at - this.#began) / 1_000).toFixed(3).padStart(9)} s  ${text}`).join('\n');
  }
}
