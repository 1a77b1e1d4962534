// Filters live in the address, so that a link keeps them and the back button brings them again.
import type { useSearchParams } from 'wouter';
import { withQuery } from '../api/list';

type SetQuery = ReturnType<typeof useSearchParams>[1];

export function setFilter(setQuery: SetQuery, name: string, value: string) {
  setQuery(
    (query) => {
      const next = new URLSearchParams(query);
      if (value) next.set(name, value);
      else next.delete(name);
      return next;
    },
    { replace: true },
  );
}

/** The rows of a list as a file; the server gives up to 10,000 at a time. */
export function Export({ path }: { path: string }) {
  return (
    <>
      <a className="button" href={withQuery(path, { format: 'csv' })} download>
        CSV
      </a>
      <a className="button" href={withQuery(path, { format: 'ndjson' })} download>
        NDJSON
      </a>
    </>
  );
}
