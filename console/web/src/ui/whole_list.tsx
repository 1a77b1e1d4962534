// Lists of some dozens: all pages are read, and the rows stand in a plain table.
import { useEffect, type ReactNode } from 'react';
import type { List } from '../api/hooks';
import { Failure, Loading } from './basic';

export function WholeList<T>(props: {
  list: List<T>;
  heads: ReactNode[];
  label: string;
  empty: ReactNode;
  children: (item: T) => ReactNode;
}) {
  const { list } = props;
  const { seen, items, loading } = list;
  useEffect(() => {
    if (items.length) seen(items.length);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `seen` is made anew with every state; its work depends on these
  }, [items.length, loading]);
  if (list.problem) return <Failure problem={list.problem} retry={list.retry} />;
  if (!items.length) return list.complete ? <>{props.empty}</> : <Loading />;
  return (
    <div className="scroll-x card" tabIndex={0} role="region" aria-label={props.label}>
      <table>
        <thead>
          <tr>
            {props.heads.map((head, at) => (
              <th scope="col" key={at}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{items.map(props.children)}</tbody>
      </table>
    </div>
  );
}

export const ActionsHead = <span className="hidden">Actions</span>;
