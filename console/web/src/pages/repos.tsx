import { useSearchParams } from 'wouter';
import { useList } from '../api/hooks';
import { withQuery } from '../api/list';
import type { Repo } from '../api/types';
import { commit, count, percent } from '../lib/format';
import { repoPath, useTenant } from '../lib/session';
import { Empty, Page, Score, Status, Time } from '../ui/basic';
import { Search, Select } from '../ui/form';
import { Export, setFilter } from '../ui/filters';
import { VirtualTable, type Column } from '../ui/virtual_table';

const COLUMNS: Column<Repo>[] = [
  {
    head: 'Repository',
    width: 'minmax(12rem, 2fr)',
    narrow: 'minmax(0, 2fr)',
    cell: (repo) => (
      <>
        {repo.repo} <span className="muted">{repo.branch}</span>
      </>
    ),
  },
  { head: 'Health', width: '6rem', narrow: true, cell: (repo) => <Score value={repo.health} /> },
  { head: 'Score', width: '6rem', cell: (repo) => <Score value={repo.score} /> },
  {
    head: 'Gate',
    width: '5rem',
    narrow: true,
    cell: (repo) => <Status word={repo.status} label={repo.status} />,
  },
  { head: 'Violations', width: '6rem', right: true, cell: (repo) => count(repo.violations_total) },
  {
    head: 'Open drifts',
    width: '7rem',
    right: true,
    cell: (repo) => (repo.open_drifts ? <strong>{repo.open_drifts}</strong> : '0'),
  },
  { head: 'Passes, 30 d', width: '7rem', right: true, cell: (repo) => percent(repo.pass_rate_30d) },
  { head: 'Version', width: '6rem', cell: (repo) => repo.version ?? '–' },
  { head: 'Commit', width: '6rem', cell: (repo) => <code>{commit(repo.commit)}</code> },
  { head: 'Reported', width: '6rem', right: true, cell: (repo) => <Time at={repo.last_report_at} /> },
];

export default function Repos() {
  const tenant = useTenant();
  const [query, setQuery] = useSearchParams();
  const filter = { sort: query.get('sort') ?? 'worst', q: query.get('q') };
  const path = withQuery(`${tenant.api}/repos`, filter);
  const list = useList<Repo>(path, (repo) => `${repo.repo} ${repo.branch}`);
  return (
    <Page title="Repositories" actions={<Export path={path} />}>
      <div className="filters" role="search">
        <Search label="Name" value={filter.q ?? ''} onChange={(value) => setFilter(setQuery, 'q', value)} />
        <Select
          label="Order"
          value={filter.sort}
          options={[
            ['worst', 'Worst health first'],
            ['recent', 'Latest report first'],
            ['repo', 'Name'],
          ]}
          onChange={(value) => setFilter(setQuery, 'sort', value === 'worst' ? '' : value)}
        />
      </div>
      <VirtualTable
        label="Repositories"
        list={list}
        columns={COLUMNS}
        keyOf={(repo) => `${repo.repo} ${repo.branch}`}
        href={(repo) => tenant.page(repoPath(repo.repo, repo.branch))}
        empty={
          filter.q ? (
            <Empty title={`No repository has “${filter.q}” in its name`}>
              <button type="button" onClick={() => setFilter(setQuery, 'q', '')}>
                Show all
              </button>
            </Empty>
          ) : (
            <Empty title="No repository has reported yet">
              <p>
                In its folder: <code>plumb push rigour-report.json</code>
              </p>
            </Empty>
          )
        }
      />
    </Page>
  );
}
