// Server-sent events of a tenant. The browser reconnects by itself after a network failure; after an ended session it does not,
// so that is done here: renew, open again, with growing pauses.
import { useEffect, useRef, useState } from 'react';
import { client } from './client';

export type LiveEvent = 'rate' | 'drift' | 'health' | 'delivery';
export type LiveState = 'connecting' | 'live' | 'waiting';
const EVENTS: LiveEvent[] = ['rate', 'drift', 'health', 'delivery'];
const PAUSES_MS = [1000, 2000, 5000, 15_000, 30_000];

export function useLive(
  path: string,
  handle: (event: LiveEvent, data: Record<string, unknown>) => void,
): LiveState {
  const [state, setState] = useState<LiveState>('connecting');
  const handler = useRef(handle);
  handler.current = handle;

  useEffect(() => {
    let source: EventSource | null = null;
    let timer = 0;
    let failures = 0;
    let ended = false;

    const open = () => {
      source = new EventSource(path);
      source.onopen = () => {
        failures = 0;
        setState('live');
      };
      for (const name of EVENTS) {
        source.addEventListener(name, (event) => {
          try {
            handler.current(
              name,
              JSON.parse((event as MessageEvent<string>).data) as Record<string, unknown>,
            );
          } catch {
            // Not for this version of the page.
          }
        });
      }
      source.onerror = () => {
        setState('waiting');
        if (source?.readyState !== EventSource.CLOSED) return;
        const pause = PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)]!;
        timer = window.setTimeout(async () => {
          await client.refresh();
          if (!ended) open();
        }, pause);
      };
    };
    open();
    return () => {
      ended = true;
      window.clearTimeout(timer);
      source?.close();
    };
  }, [path]);
  return state;
}
