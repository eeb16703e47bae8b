import { createI18n } from 'vue-i18n';
import { en, type Messages } from './en.ts';

export const LOCALES = ['en', 'vi'] as const;
export type Locale = (typeof LOCALES)[number];
/** Each language in its own words. */
export const LOCALE_NAMES: Record<Locale, string> = { en: 'English', vi: 'Tiếng Việt' };

export function isLocale(value: unknown): value is Locale {
  return LOCALES.some((locale) => locale === value);
}

/** The first language of the reader that the app speaks. */
export function preferredLocale(languages: readonly string[]): Locale {
  const wanted = languages.map((language) => language.toLowerCase().split('-')[0]);
  return LOCALES.find((locale) => locale === wanted.find(isLocale)) ?? 'en';
}

/** The reader's own region of a language, for dates and times: en-GB writes them unlike en-US. */
export function regionOf(locale: string): string {
  return navigator.languages.find((language) => language.startsWith(locale)) ?? locale;
}

/** Speaks English until the words of another language are there (`loadWords`), and for what they lack. */
export function makeI18n() {
  return createI18n<[Messages], Locale, false>({ legacy: false, locale: 'en', fallbackLocale: 'en', messages: { en, vi: {} as Messages } });
}

/** Only who reads a language loads it. Never rejects: without its words it is English. */
export async function loadWords({ global }: ReturnType<typeof makeI18n>, locale: Locale): Promise<void> {
  if (locale === 'en') return;
  try {
    const { vi } = await import('./vi.ts');
    global.mergeLocaleMessage(locale, vi);
  } catch (error) {
    console.warn('A language could not be loaded.', error);
  }
}
