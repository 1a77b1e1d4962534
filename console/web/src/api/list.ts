// A list that the server gives page by page, as a state and the steps between its states. No IO here.
import type { Page } from './types';
import { Problem } from './client';

export interface ListState<T> {
  readonly items: readonly T[];
  readonly cursor: string | null; // of the page after the last one here
  readonly complete: boolean;
  readonly loading: boolean;
  readonly problem: Problem | null;
}

export const emptyList: ListState<never> = {
  items: [],
  cursor: null,
  complete: false,
  loading: false,
  problem: null,
};

export const began = <T>(state: ListState<T>): ListState<T> => ({ ...state, loading: true, problem: null });

/** Adds a page; `key` keeps out rows that moved from one page to the next while new ones came in front. */
export function received<T>(state: ListState<T>, page: Page<T>, key: (item: T) => string): ListState<T> {
  const known = new Set(state.items.slice(-400).map(key));
  const fresh = page.items.filter((item) => !known.has(key(item)));
  // A cursor that stands still would be asked for for ever.
  const complete = page.next_cursor === null || page.next_cursor === state.cursor;
  return {
    items: state.items.concat(fresh),
    cursor: page.next_cursor,
    complete,
    loading: false,
    problem: null,
  };
}

export const failed = <T>(state: ListState<T>, problem: Problem): ListState<T> => ({
  ...state,
  loading: false,
  problem,
});

/** Whether to ask for more: the window's last row comes near the end of what is here. */
export function wantsMore<T>(state: ListState<T>, lastVisible: number, ahead = 60): boolean {
  return !state.complete && !state.loading && !state.problem && lastVisible >= state.items.length - ahead;
}

/** A path with its filters; empty ones are left out, the order is always the same. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const words = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return words.length ? `${path}${path.includes('?') ? '&' : '?'}${words.join('&')}` : path;
}
