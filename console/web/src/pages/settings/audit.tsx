import { useList, useResource } from '../../api/hooks';
import { withQuery } from '../../api/list';
import type { AuditLine, AuditPage } from '../../api/types_admin';
import { plural } from '../../lib/format';
import { useTenant } from '../../lib/session';
import { Badge, Empty, Page, Time } from '../../ui/basic';
import { Export } from '../../ui/filters';
import { VirtualTable, type Column } from '../../ui/virtual_table';

const detail = (line: AuditLine) =>
  Object.entries(line.detail)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

const COLUMNS: Column<AuditLine>[] = [
  {
    head: 'Time',
    width: 'minmax(8.2rem, 11rem)',
    narrow: '5.4rem',
    cell: (line) => (
      <>
        <span className="roomy">
          <Time at={line.at} mode="full" />
        </span>
        <span className="narrow">
          <Time at={line.at} />
        </span>
      </>
    ),
  },
  { head: 'Who', width: 'minmax(6rem, 1fr)', narrow: 'minmax(0, 1fr)', cell: (line) => line.actor },
  { head: 'What', width: 'minmax(7rem, 11rem)', narrow: 'minmax(0, 1.2fr)', cell: (line) => line.action },
  {
    head: 'On',
    width: 'minmax(8rem, 1fr)',
    cell: (line) => <span title={line.subject}>{line.subject}</span>,
  },
  {
    head: 'Details',
    width: 'minmax(8rem, 2fr)',
    cell: (line) => <span title={detail(line)}>{detail(line)}</span>,
  },
  { head: 'Hash', width: '6rem', cell: (line) => <code title={line.hash}>{line.hash.slice(0, 8)}</code> },
];

export function Audit() {
  const tenant = useTenant();
  const path = `${tenant.api}/audit`;
  const list = useList<AuditLine>(path, (line) => String(line.id));
  const chain = useResource<AuditPage>(withQuery(path, { limit: 1 })).data?.chain;
  return (
    <Page title="Audit log" actions={<Export path={path} />}>
      <p className="lead">
        Every change, by whom, each line hashed over the one before it.{' '}
        {chain &&
          (chain.verdict === 'ok' ? (
            <Badge tone="good">chain of {plural(chain.entries, 'entry', 'entries')} is whole</Badge>
          ) : (
            <Badge tone="bad">
              chain broken at entry {chain.first_bad}: the log was changed in the database
            </Badge>
          ))}
      </p>
      <VirtualTable
        label="Audit log"
        list={list}
        columns={COLUMNS}
        keyOf={(line) => String(line.id)}
        empty={<Empty title="Nothing was changed yet" />}
      />
    </Page>
  );
}
