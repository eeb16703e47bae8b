/** What the reader chose; kept in this browser. `static/theme.js` reads the same entry before the first paint. */
import { useEventListener } from '@vueuse/core';
import { watchEffect, type Ref } from 'vue';
import { browserStorage } from '../chat-client/browser-storage.ts';
import { parseJson } from '../chat-client/parse-json.ts';
import { isLocale, preferredLocale, type Locale } from '../i18n/i18n.ts';
import { useStored } from './use-stored.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export const TEXT_SIZES = ['small', 'medium', 'large', 'larger'] as const;
export type TextSize = (typeof TEXT_SIZES)[number];
/** Of the browser's own size, in percent. */
const PERCENT: Record<TextSize, number> = { small: 90, medium: 100, large: 112.5, larger: 131.25 };

export const SEND_KEYS = ['enter', 'ctrl-enter'] as const;
export type SendKey = (typeof SEND_KEYS)[number];

export interface Settings {
  /** null: the language of the browser. */
  locale: Locale | null;
  theme: Theme;
  textSize: TextSize;
  /** The key that sends; the other one makes a line. */
  sendWith: SendKey;
  /** Origin of another chat server; empty for the one this page comes from. */
  serverUrl: string;
}

const KEY = 'holdfast.settings';

function read(text: string | null): Settings {
  // Nothing, or written by something else: as if nothing had been chosen.
  const stored = (parseJson(text) ?? {}) as Partial<Record<keyof Settings, unknown>>;
  return {
    locale: isLocale(stored.locale) ? stored.locale : null,
    theme: THEMES.find((theme) => theme === stored.theme) ?? 'system',
    textSize: TEXT_SIZES.find((size) => size === stored.textSize) ?? 'medium',
    sendWith: SEND_KEYS.find((key) => key === stored.sendWith) ?? 'enter',
    serverUrl: typeof stored.serverUrl === 'string' ? (normalizeServerUrl(stored.serverUrl) ?? '') : '',
  };
}

export function useSettings(): Ref<Settings> {
  const { value, reread } = useStored(browserStorage, KEY, read);
  // Chosen in another tab; null: everything was cleared.
  useEventListener(window, 'storage', ({ key }) => {
    if (key === KEY || key === null) reread();
  });
  return value;
}

export function localeOf(settings: Settings): Locale {
  return settings.locale ?? preferredLocale(navigator.languages);
}

/** Puts theme and size of text on the document, now and whenever they change. */
export function applySettings(settings: Ref<Settings>): void {
  watchEffect(() => {
    const root = document.documentElement;
    if (settings.value.theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = settings.value.theme;
    root.style.fontSize = settings.value.textSize === 'medium' ? '' : `${PERCENT[settings.value.textSize]}%`;
  });
}

/** The origin of what was typed; '' for nothing, null when it is no address. */
export function normalizeServerUrl(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const withScheme = /^[a-z]+:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  // Some browsers take spaces in a host name.
  if (/\s/.test(withScheme) || !URL.canParse(withScheme)) return null;
  const url = new URL(withScheme);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.origin : null;
}
