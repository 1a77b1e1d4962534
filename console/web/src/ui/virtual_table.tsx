// A table of any length: only the rows in view exist. For people who read by ear it is a table with its whole length; for the keyboard,
// arrows, Page Up/Down, Home and End move from row to row, Enter opens.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { List } from '../api/hooks';
import { count } from '../lib/format';
import { Failure, Loading } from './basic';

export interface Column<T> {
  head: string;
  width: string; // of a grid track
  cell: (item: T) => ReactNode;
  right?: boolean;
  narrow?: boolean | string; // kept where there is little room; a string: its width there
}

const ROW_PX = 36;
const PAGE_ROWS = 15;

export function VirtualTable<T>(props: {
  label: string;
  list: List<T>;
  columns: Column<T>[];
  keyOf: (item: T) => string;
  href?: (item: T) => string; // of the first column's link
  empty: ReactNode;
}) {
  const { list, columns } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: list.items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    initialOffset: list.scroll,
  });
  const rows = virtual.getVirtualItems();
  const last = rows.length ? rows[rows.length - 1]!.index : 0;
  const { seen, items, path } = list;
  useEffect(() => {
    if (items.length) seen(last);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `seen` is made anew with every state; its work depends on these
  }, [last, items.length]);
  useEffect(() => {
    if (scroller.current) scroller.current.scrollTop = list.scroll;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each list
  }, [path]);

  const focusRow = (index: number) => {
    const to = Math.max(0, Math.min(items.length - 1, index));
    virtual.scrollToIndex(to);
    const focus = (tries: number) =>
      requestAnimationFrame(() => {
        const link = scroller.current?.querySelector<HTMLElement>(`[aria-rowindex="${to + 2}"] .row-link`);
        if (link) link.focus({ preventScroll: true });
        else if (tries > 0) focus(tries - 1);
      });
    focus(20);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = (event.target as HTMLElement).closest('[aria-rowindex]');
    const at = row ? Number(row.getAttribute('aria-rowindex')) - 2 : (rows[0]?.index ?? 0) - 1;
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE_ROWS,
      PageUp: at - PAGE_ROWS,
      Home: 0,
      End: items.length - 1,
    }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    focusRow(to);
  };

  if (!items.length && list.problem) return <Failure problem={list.problem} retry={list.retry} />;
  if (!items.length && list.complete) return <>{props.empty}</>;
  if (!items.length) return <Loading />;
  const template = columns.map((column) => column.width).join(' ');
  const narrow = columns
    .filter((column) => column.narrow)
    .map((column) => (typeof column.narrow === 'string' ? column.narrow : column.width))
    .join(' ');
  const vars = { '--tracks': template, '--tracks-narrow': narrow } as React.CSSProperties;
  const cellClass = (column: Column<T>) =>
    `cell${column.right ? ' right' : ''}${column.narrow ? '' : ' roomy'}`;
  return (
    <div className="vtable">
      <div
        className="vtable-table"
        role="table"
        aria-label={props.label}
        aria-rowcount={list.complete ? items.length + 1 : -1}
        style={vars}
      >
        <div role="rowgroup" className="vtable-head">
          <div role="row" aria-rowindex={1} className="vrow">
            {columns.map((column) => (
              <div role="columnheader" className={cellClass(column)} key={column.head}>
                {column.head}
              </div>
            ))}
          </div>
        </div>
        <div
          role="rowgroup"
          className="vtable-body"
          ref={scroller}
          style={{ height: virtual.getTotalSize() }}
          onKeyDown={onKeyDown}
          onScroll={(event) => list.keepScroll(event.currentTarget.scrollTop)}
          tabIndex={0}
          aria-label={`${props.label}, arrow keys move`}
        >
          <div className="vtable-space" role="presentation" style={{ height: virtual.getTotalSize() }}>
            {rows.map((row) => {
              const item = items[row.index]!;
              return (
                <div
                  role="row"
                  aria-rowindex={row.index + 2}
                  className={props.href ? 'vrow link' : 'vrow'}
                  key={props.keyOf(item)}
                  style={{ transform: `translateY(${row.start}px)` }}
                >
                  {columns.map((column, at) => (
                    <div role="cell" className={cellClass(column)} key={column.head}>
                      {at === 0 && props.href ? (
                        <Link className="row-link" href={props.href(item)}>
                          {column.cell(item)}
                        </Link>
                      ) : (
                        column.cell(item)
                      )}
                    </div>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
      </div>
      <div className="vtable-foot" role="status">
        {list.problem ? (
          <>
            {list.problem.title}.{' '}
            <button type="button" className="plain" onClick={list.retry}>
              Try again
            </button>
          </>
        ) : list.complete ? (
          `${count(items.length)} in all`
        ) : list.loading ? (
          `${count(items.length)} loaded, loading more …`
        ) : (
          `${count(items.length)} loaded, scroll for more`
        )}
      </div>
    </div>
  );
}
