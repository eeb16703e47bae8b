import type { SendKey } from './use-settings.ts';

/**
 * Whether this press of Enter sends. While a word is being composed (Vietnamese, Chinese, Japanese …) Enter belongs to
 * the input method, also where the browser ends the composition first (keyCode 229).
 */
export function sends(event: KeyboardEvent, sendWith: SendKey): boolean {
  if (event.shiftKey || event.isComposing || event.keyCode === 229) return false;
  return sendWith === 'enter' || event.ctrlKey || event.metaKey;
}
