/**
 * Text as it may be stored and cut: whole surrogate pairs only. Pieces of a stream may split a pair, so a high half
 * at the end of a piece waits for the next one; halves without a partner become U+FFFD. Lengths do not change.
 */
const REPLACEMENT = '\uFFFD';

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** True when `offset` lies between the two halves of a pair of `text`. */
export function splitsPair(text: string, offset: number): boolean {
  return offset > 0 && isHigh(text.charCodeAt(offset - 1)) && isLow(text.charCodeAt(offset));
}

export class WellFormedStream {
  private held = '';

  /** The text that is certain now; never begins or ends within a pair. */
  push(piece: string): string {
    let text = this.held + piece;
    this.held = '';
    if (text !== '' && isHigh(text.charCodeAt(text.length - 1))) {
      this.held = text.slice(-1);
      text = text.slice(0, -1);
    }
    return text.toWellFormed();
  }

  /** What was held back, at the end of the stream. */
  end(): string {
    const text = this.held === '' ? '' : REPLACEMENT;
    this.held = '';
    return text;
  }
}
