// Whether the page one sees was reached by back or forward: then lists and scroll are as they were left.
let back = false;
if (typeof window !== 'undefined') {
  window.addEventListener('popstate', () => (back = true));
  // wouter announces these two.
  for (const name of ['pushState', 'replaceState']) window.addEventListener(name, () => (back = false));
}
export const isBack = () => back;

/** Where sign-in may lead back to: a path of this console only, never another host. */
export function safeReturn(path: string | null): string {
  return path && /^\/(?![/\\])/.test(path) && !path.startsWith('/sign-in') ? path : '/';
}
