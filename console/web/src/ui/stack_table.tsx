// A table of some dozens of rows. Where there is little room each row becomes a block of named values, so nothing is cut off; for
// people who read by ear it stays a table, which is why the roles are written out.
import { cloneElement, isValidElement, type ReactElement, type ReactNode } from 'react';

export type Head = ReactNode | { text: string; right: true };

interface CellProps {
  children?: ReactNode;
  scope?: string;
  role?: string;
  'data-head'?: string;
}

const isRight = (head: Head): head is { text: string; right: true } =>
  typeof head === 'object' && head !== null && 'right' in head;
const textOf = (head: Head) => (isRight(head) ? head.text : typeof head === 'string' ? head : undefined);

/** `children` are rows: each a tr whose cells stand in the order of `heads`. */
export function StackTable(props: { heads: Head[]; children: ReactElement<{ children?: ReactNode }>[] }) {
  const { heads } = props;
  const named = (row: ReactElement<{ children?: ReactNode }>) => {
    const cells = (
      Array.isArray(row.props.children) ? row.props.children : [row.props.children]
    ) as ReactNode[];
    return cloneElement(
      row,
      { role: 'row' } as object,
      ...cells.map((cell, at) =>
        isValidElement<CellProps>(cell)
          ? cloneElement(cell, {
              role: cell.props.scope === 'row' ? 'rowheader' : 'cell',
              'data-head': textOf(heads[at]),
            })
          : cell,
      ),
    );
  };
  return (
    <table className="stack" role="table">
      <thead role="rowgroup">
        <tr role="row">
          {heads.map((head, at) => (
            <th scope="col" role="columnheader" className={isRight(head) ? 'right' : undefined} key={at}>
              {isRight(head) ? head.text : head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">{props.children.map(named)}</tbody>
    </table>
  );
}
