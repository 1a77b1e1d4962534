// A test message is sent by another process: its delivery is looked at until it is finished, for half a minute at most.
import { useCallback, useEffect, useRef, useState } from 'react';
import { client } from '../../api/client';
import { withQuery } from '../../api/list';
import type { Delivery, Page } from '../../api/types';
import type { Route, RouteTest } from '../../api/types_admin';

const LOOK_MS = 1000;
const LOOKS_MAX = 30;

export function useTestOutcome(api: string, finished: () => void) {
  const [text, setText] = useState('');
  const timer = useRef(0);
  const done = useRef(finished);
  done.current = finished;
  useEffect(() => () => window.clearTimeout(timer.current), []);

  const watch = useCallback(
    (route: Route, test: RouteTest) => {
      setText(`A test is on its way to ${route.name} …`);
      const look = async (left: number) => {
        const path = withQuery(`${api}/deliveries`, { route: route.id, limit: 20 });
        const page = await client.get<Page<Delivery>>(path).catch(() => null);
        const delivery = page?.items.find((item) => item.id === test.delivery_id);
        if (delivery?.state === 'delivered') setText(`The test has reached ${route.name}.`);
        else if (delivery?.state === 'failed' || delivery?.state === 'skipped')
          setText(`The test did not reach ${route.name}: ${delivery.reason ?? delivery.state}.`);
        else if (left > 0) {
          timer.current = window.setTimeout(() => void look(left - 1), LOOK_MS);
          return;
        } else
          setText(
            `The test to ${route.name} is still waiting; the list of deliveries will show what became of it.`,
          );
        done.current();
      };
      void look(LOOKS_MAX);
    },
    [api],
  );
  return { text, watch };
}
