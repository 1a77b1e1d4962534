import { useSearchParams } from 'wouter';
import { useList } from '../api/hooks';
import { withQuery } from '../api/list';
import { useLive } from '../api/live';
import type { Drift } from '../api/types';
import { count } from '../lib/format';
import { driftPath, useTenant } from '../lib/session';
import { Empty, Page, Status, Time } from '../ui/basic';
import { lasted } from '../ui/drift_rows';
import { Export, setFilter } from '../ui/filters';
import { Search, Select } from '../ui/form';
import { VirtualTable, type Column } from '../ui/virtual_table';

const COLUMNS: Column<Drift>[] = [
  { head: 'Cause', width: 'minmax(12rem, 3fr)', narrow: 'minmax(0, 2fr)', cell: (drift) => drift.cause },
  { head: 'State', width: '5.5rem', narrow: true, cell: (drift) => <Status word={drift.state} /> },
  { head: 'Severity', width: '5.5rem', cell: (drift) => <Status word={drift.severity} /> },
  {
    head: 'Repository',
    width: 'minmax(7rem, 1.2fr)',
    narrow: 'minmax(0, 1fr)',
    cell: (drift) => (
      <>
        {drift.repo} <span className="muted">{drift.branch}</span>
      </>
    ),
  },
  { head: 'Version', width: '5.5rem', cell: (drift) => drift.opened_version ?? '–' },
  { head: 'New violations', width: '7.5rem', right: true, cell: (drift) => count(drift.violations_total) },
  { head: 'Opened', width: '6rem', right: true, cell: (drift) => <Time at={drift.opened_at} /> },
  { head: 'Lasted', width: '7rem', right: true, cell: (drift) => lasted(drift) ?? 'still open' },
];

export default function Drifts() {
  const tenant = useTenant();
  const [query, setQuery] = useSearchParams();
  const filter = { state: query.get('state'), repo: query.get('repo') };
  const path = withQuery(`${tenant.api}/drifts`, filter);
  const list = useList<Drift>(path, (drift) => drift.id);
  useLive(`${tenant.api}/live`, (event) => {
    if (event === 'drift') list.reload();
  });
  return (
    <Page title="Drift" actions={<Export path={path} />}>
      <div className="filters" role="search">
        <Select
          label="State"
          value={filter.state ?? ''}
          options={[
            ['', 'All'],
            ['open', 'Open'],
            ['resolved', 'Resolved'],
          ]}
          onChange={(value) => setFilter(setQuery, 'state', value)}
        />
        <Search
          label="Repository (whole name)"
          value={filter.repo ?? ''}
          onChange={(value) => setFilter(setQuery, 'repo', value)}
        />
      </div>
      <VirtualTable
        label="Drifts"
        list={list}
        columns={COLUMNS}
        keyOf={(drift) => drift.id}
        href={(drift) => tenant.page(driftPath(drift.id))}
        empty={
          filter.state || filter.repo ? (
            <Empty title="No drift matches">
              <button type="button" onClick={() => setQuery({}, { replace: true })}>
                Show all
              </button>
            </Empty>
          ) : (
            <Empty title="No repository has drifted">
              <p>
                A drift opens when a branch that passed fails on a layer violation. Nothing is to be done.
              </p>
            </Empty>
          )
        }
      />
    </Page>
  );
}
