// The theme: the system's unless one was chosen on this machine (theme_first.js sets it before the first paint).
export type Theme = 'system' | 'light' | 'dark';
const KEY = 'plumbline.theme';

export function storedTheme(): Theme {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === 'light' || theme === 'dark' ? theme : 'system';
  } catch {
    return 'system';
  }
}

export const nextTheme = (theme: Theme): Theme =>
  theme === 'system' ? 'light' : theme === 'light' ? 'dark' : 'system';

export function storeTheme(theme: Theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage is forbidden: it holds for this page only.
  }
  window.dispatchEvent(new Event('plumbline-theme'));
}
