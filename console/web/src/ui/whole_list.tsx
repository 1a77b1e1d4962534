// Lists of some dozens: all pages are read, and the rows stand in a table as long as they are.
import { useEffect, type ReactElement, type ReactNode } from 'react';
import type { List } from '../api/hooks';
import { Failure, Loading } from './basic';
import { StackTable } from './stack_table';

export function WholeList<T>(props: {
  list: List<T>;
  heads: ReactNode[];
  label: string;
  empty: ReactNode;
  children: (item: T) => ReactElement<{ children?: ReactNode }>;
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
      <StackTable heads={props.heads}>{items.map(props.children)}</StackTable>
    </div>
  );
}

export const ActionsHead = <span className="hidden">Actions</span>;
