import { en } from '../../../public/src/i18n/en.ts';
import { sharingEn } from '../../../public/src/i18n/sharing-en.ts';
import { sharingVi } from '../../../public/src/i18n/sharing-vi.ts';
import { fileEn, fileVi } from '../../../public/src/i18n/file-words.ts';
import { vi } from '../../../public/src/i18n/vi.ts';

/** Every text by its place, e.g. `list.new`. */
function texts(node: object, path = ''): Map<string, string> {
  const entries = Object.entries(node).flatMap(([key, value]: [string, string | object]) =>
    typeof value === 'string' ? ([[`${path}${key}`, value]] as const) : [...texts(value, `${path}${key}.`)],
  );
  return new Map(entries);
}
const names = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''))].sort();

const english = texts({ ...en, ...sharingEn, file: fileEn });
const vietnamese = texts({ ...vi, ...sharingVi, file: fileVi });

it('U7 both languages have the same texts with the same blanks', () => {
  expect([...vietnamese.keys()]).toEqual([...english.keys()]);
  for (const [path, text] of english) {
    // `count` may be written out in a form of the plural.
    const blanks = (of: string): string[] => names(of).filter((name) => name !== 'count');
    expect([path, blanks(vietnamese.get(path) ?? '')]).toEqual([path, blanks(text)]);
  }
});

it('U7 nothing is left untranslated', () => {
  const same = [...english].filter(([path, text]) => vietnamese.get(path) === text).map(([path]) => path);
  expect(same).toEqual(['app.name', 'app.title', 'connection.sinceValue', 'connection.ms', 'settings.sendEnter', 'settings.sendCtrlEnter']);
});
