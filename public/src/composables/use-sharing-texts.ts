import { useI18n } from 'vue-i18n';
import { sharingEn } from '../i18n/sharing-en.ts';
import { sharingVi } from '../i18n/sharing-vi.ts';

/** As `useI18n`, with the texts of sharing in it. */
export function useSharingTexts() {
  const i18n = useI18n();
  i18n.mergeLocaleMessage('en', sharingEn);
  i18n.mergeLocaleMessage('vi', sharingVi);
  return i18n;
}
