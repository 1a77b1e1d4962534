// Server-sent events of a tenant. The server ends each answer after some seconds and the browser comes again by itself, so an end
// alone means nothing: only a silence does. After an ended session the browser gives up; then renew and open again, with growing
// pauses.
import { useEffect, useRef, useState } from 'react';
import { client } from './client';

export type LiveEvent = 'rate' | 'drift' | 'health' | 'delivery';
export type LiveState = 'connecting' | 'live' | 'waiting';
const EVENTS: LiveEvent[] = ['rate', 'drift', 'health', 'delivery'];
const SILENCE_MS = 12_000;
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
    let silence = 0;
    let failures = 0;
    let ended = false;

    const open = () => {
      source = new EventSource(path);
      source.onopen = () => {
        failures = 0;
        window.clearTimeout(silence);
        silence = 0;
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
        silence ||= window.setTimeout(() => setState('waiting'), SILENCE_MS);
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
      window.clearTimeout(silence);
      source?.close();
    };
  }, [path]);
  return state;
}
