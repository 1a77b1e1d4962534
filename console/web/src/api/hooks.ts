// Answers of the server in components. What was read stays in memory, so that the back button shows it at once and where one was.
import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { client, Problem } from './client';
import { began, emptyList, failed, received, wantsMore, withQuery, type ListState } from './list';
import { isBack } from '../lib/navigation';
import type { Page } from './types';

const answers = new Map<string, unknown>();
const lists = new Map<string, { state: ListState<unknown>; scroll: number }>();
const LISTS_KEPT_MAX = 8;
const PAGE_SIZE = 200;

/** After a change of rights or person nothing read before may be shown. */
export function forgetAnswers() {
  answers.clear();
  lists.clear();
  client.forget();
}

const asProblem = (error: unknown) =>
  error instanceof Problem ? error : new Problem(0, 'Something went wrong in this page', String(error));

export interface Resource<T> {
  data: T | undefined;
  problem: Problem | null;
  loading: boolean;
  reload: () => Promise<void>;
}

/** One answer. What is known already is shown while it is asked for again; a path of null asks for nothing. */
export function useResource<T>(path: string | null): Resource<T> {
  const [, changed] = useReducer((n: number) => n + 1, 0);
  const [problem, setProblem] = useState<{ path: string; problem: Problem } | null>(null);
  const [busy, setBusy] = useState(false);
  const running = useRef<AbortController | null>(null);

  const reload = useCallback(async () => {
    if (path === null) return;
    running.current?.abort();
    const control = (running.current = new AbortController());
    setBusy(true);
    try {
      answers.set(path, await client.get<T>(path, control.signal));
      if (!control.signal.aborted) setProblem(null);
    } catch (error) {
      if (control.signal.aborted) return;
      setProblem({ path, problem: asProblem(error) });
    }
    if (!control.signal.aborted) setBusy(false);
    changed();
  }, [path]);

  useEffect(() => {
    void reload();
    return () => running.current?.abort();
  }, [reload]);

  const data = path === null ? undefined : (answers.get(path) as T | undefined);
  const found = problem && problem.path === path ? problem.problem : null;
  return { data, problem: found, loading: path !== null && !found && (busy || data === undefined), reload };
}

export interface List<T> extends ListState<T> {
  path: string;
  /** Tell which row is the last in view; more is asked for when it comes near the end. */
  seen: (lastVisible: number) => void;
  retry: () => void;
  reload: () => void;
  scroll: number; // where it was scrolled to when one left; 0 for a new visit
  keepScroll: (top: number) => void;
}

/** A list by cursor, filled as it is scrolled. `key` names a row. */
export function useList<T>(path: string, key: (item: T) => string): List<T> {
  const [held, setHeld] = useState(() => ({ path, state: initial<T>(path) }));
  const current = held.path === path ? held.state : initial<T>(path);
  const latest = useRef({ path, state: current });
  if (latest.current.path !== path) latest.current = { path, state: current };
  const keyOf = useRef(key);
  keyOf.current = key;

  const put = useCallback((of: string, state: ListState<T>) => {
    if (latest.current.path !== of) return;
    latest.current = { path: of, state };
    const kept = lists.get(of);
    lists.delete(of);
    lists.set(of, { state, scroll: kept?.scroll ?? 0 });
    if (lists.size > LISTS_KEPT_MAX) lists.delete(lists.keys().next().value as string);
    setHeld({ path: of, state });
  }, []);

  const more = useCallback(async () => {
    const { path: of, state } = latest.current;
    if (state.loading || state.complete) return;
    put(of, began(state));
    try {
      const page = await client.get<Page<T>>(withQuery(of, { limit: PAGE_SIZE, cursor: state.cursor }));
      put(of, received(latest.current.state, page, keyOf.current));
    } catch (error) {
      put(of, failed(latest.current.state, asProblem(error)));
    }
  }, [put]);

  useEffect(() => {
    if (latest.current.state.items.length === 0) void more();
  }, [path, more]);

  return {
    ...current,
    path,
    seen: (lastVisible) => {
      if (wantsMore(latest.current.state, lastVisible)) void more();
    },
    retry: () => void more(),
    reload: () => {
      put(path, emptyList);
      void more();
    },
    scroll: isBack() ? (lists.get(path)?.scroll ?? 0) : 0,
    keepScroll: (top) => {
      const kept = lists.get(path);
      if (kept) kept.scroll = top;
    },
  };
}

function initial<T>(path: string): ListState<T> {
  const kept = isBack() ? (lists.get(path)?.state as ListState<T> | undefined) : undefined;
  return kept ? { ...kept, loading: false, problem: null } : emptyList;
}

/** A change: `run` gives true when it was done, and else `problem` says why not. */
export function useChange() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const run = useCallback(async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(asProblem(error));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { run, busy, problem, clear: useCallback(() => setProblem(null), []) };
}
