// Before the first paint: the theme a person has chosen on this machine. Without one the system's holds.
try {
  var theme = localStorage.getItem('plumbline.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's theme holds.
}
