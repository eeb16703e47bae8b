// Applies the stored theme, size of text and language before the app is loaded. Kept apart: the page may not contain inline scripts.
(() => {
  try {
    const { theme, locale, textSize } = JSON.parse(localStorage.getItem('holdfast.settings') ?? '{}');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    const percent = { small: 90, large: 112.5, larger: 131.25 }[textSize];
    if (percent !== undefined) document.documentElement.style.fontSize = `${percent}%`;
    if (typeof locale === 'string') document.documentElement.lang = locale;
  } catch {
    // No storage or nothing readable in it: the system's theme, until the app chooses.
  }
})();
