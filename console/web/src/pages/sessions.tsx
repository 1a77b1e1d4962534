import { useSearchParams } from 'wouter';
import { useList } from '../api/hooks';
import { withQuery } from '../api/list';
import type { Session } from '../api/types';
import { count, duration, riskGrade, short } from '../lib/format';
import { sessionPath, useTenant } from '../lib/session';
import { Empty, Page, Time } from '../ui/basic';
import { ChainBadge } from '../ui/chain';
import { Export, setFilter } from '../ui/filters';
import { Search, Select } from '../ui/form';
import { VirtualTable, type Column } from '../ui/virtual_table';

const COLUMNS: Column<Session>[] = [
  {
    head: 'Session',
    width: 'minmax(9rem, 1.4fr)',
    narrow: 'minmax(0, 1fr)',
    cell: (s) => <span className="mono">{s.session_id}</span>,
  },
  { head: 'Agent', width: 'minmax(7rem, 1fr)', narrow: 'minmax(0, 1fr)', cell: (s) => s.agent },
  { head: 'Last seen', width: '6rem', narrow: true, cell: (s) => <Time at={s.last_at} /> },
  {
    head: 'Lasted',
    width: '6.5rem',
    right: true,
    cell: (s) => duration(Date.parse(s.last_at) - Date.parse(s.started_at)),
  },
  { head: 'Decisions', width: '5.5rem', right: true, cell: (s) => count(s.decisions) },
  {
    head: 'Escalated',
    width: '5.5rem',
    right: true,
    cell: (s) => (s.escalations ? <strong>{count(s.escalations)}</strong> : '0'),
  },
  {
    head: 'Max risk',
    width: '5rem',
    right: true,
    cell: (s) => <span className={`risk ${riskGrade(s.max_risk)}`}>{s.max_risk ?? '–'}</span>,
  },
  {
    head: 'Tokens in / out',
    width: '8rem',
    right: true,
    cell: (s) => `${short(s.tokens_in)} / ${short(s.tokens_out)}`,
  },
  { head: 'Chain', width: '9rem', cell: (s) => <ChainBadge chain={s.chain} /> },
];
const DAYS: [string, string][] = [
  ['', '30 days'],
  ['1', '24 hours'],
  ['7', '7 days'],
  ['92', '92 days'],
];

/** The beginning of a span of days, to the hour: so that it stays the same address while one looks. */
export function since(days: string | null, now: number): string | null {
  const n = Number(days);
  if (!Number.isInteger(n) || n < 1) return null;
  const hour = 3_600_000;
  return new Date(Math.ceil((now - n * 24 * hour) / hour) * hour).toISOString();
}

const key = (session: Session) => `${session.agent} ${session.session_id}`;

export default function Sessions() {
  const tenant = useTenant();
  const [query, setQuery] = useSearchParams();
  const days = query.get('days');
  const filter = { q: query.get('q'), agent: query.get('agent'), from: since(days, Date.now()) };
  const path = withQuery(`${tenant.api}/sessions`, filter);
  const list = useList<Session>(path, key);
  const filtered = filter.q || filter.agent || days;
  return (
    <Page title="Sessions" actions={<Export path={path} />}>
      <div className="filters" role="search">
        <Search
          label="Session"
          value={filter.q ?? ''}
          onChange={(value) => setFilter(setQuery, 'q', value)}
        />
        <Search
          label="Agent (whole name)"
          value={filter.agent ?? ''}
          onChange={(value) => setFilter(setQuery, 'agent', value)}
        />
        <Select
          label="Active within"
          value={days ?? ''}
          options={DAYS}
          onChange={(value) => setFilter(setQuery, 'days', value)}
        />
      </div>
      <VirtualTable
        label="Sessions"
        list={list}
        columns={COLUMNS}
        keyOf={key}
        href={(session) => tenant.page(sessionPath(session.session_id, session.agent))}
        empty={
          filtered ? (
            <Empty title="No session matches">
              <p>Take a longer span of time, or fewer words.</p>
              <button type="button" onClick={() => setQuery({}, { replace: true })}>
                Show all of 30 days
              </button>
            </Empty>
          ) : (
            <Empty title="No session in the last 30 days">
              <p>
                Send an agent's decisions: <code>plumb push decisions.jsonl</code>, or leave it to{' '}
                <code>plumb agent</code>.
              </p>
              <button type="button" onClick={() => setFilter(setQuery, 'days', '92')}>
                Look at 92 days
              </button>
            </Empty>
          )
        }
      />
    </Page>
  );
}
