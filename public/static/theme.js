// Applies the stored theme and language before the app is loaded. Kept apart: the page may not contain inline scripts.
(() => {
  try {
    const { theme, locale } = JSON.parse(localStorage.getItem('holdfast.settings') ?? '{}');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    if (typeof locale === 'string') document.documentElement.lang = locale;
  } catch {
    // No storage or nothing readable in it: the system's theme, until the app chooses.
  }
})();
