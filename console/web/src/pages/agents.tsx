import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { client } from '../api/client';
import { useChange, useList } from '../api/hooks';
import { withQuery } from '../api/list';
import type { Agent } from '../api/types_admin';
import { count } from '../lib/format';
import { sessionPath, useTenant } from '../lib/session';
import { Badge, Empty, Page, Time } from '../ui/basic';
import { ChainBadge } from '../ui/chain';
import { Export, setFilter } from '../ui/filters';
import { FormDialog, Search } from '../ui/form';
import { VirtualTable, type Column } from '../ui/virtual_table';

export default function Agents() {
  const tenant = useTenant();
  const [query, setQuery] = useSearchParams();
  const [disabling, setDisabling] = useState<Agent | null>(null);
  const [done, setDone] = useState('');
  const change = useChange();
  const filter = { q: query.get('q') };
  const path = withQuery(`${tenant.api}/agents`, filter);
  const list = useList<Agent>(path, (agent) => agent.agent);
  const manages = tenant.may('keys.manage');
  const columns: Column<Agent>[] = [
    { head: 'Agent', width: 'minmax(9rem, 1.5fr)', narrow: 'minmax(0, 1fr)', cell: (agent) => agent.agent },
    {
      head: 'Last seen',
      width: '10rem',
      narrow: '6.2rem',
      cell: (agent) => (
        <>
          <Time at={agent.last_seen_at} /> {agent.silent_since && <Badge tone="warn">silent</Badge>}
        </>
      ),
    },
    { head: 'Version', width: '6rem', cell: (agent) => agent.version ?? '–' },
    { head: 'Traces, 24 h', width: '6.5rem', right: true, cell: (agent) => count(agent.traces_24h) },
    { head: 'Decisions', width: '5.5rem', right: true, cell: (agent) => count(agent.decisions_24h) },
    { head: 'Escalated', width: '5.5rem', right: true, cell: (agent) => count(agent.escalations_24h) },
    { head: 'Chain', width: '9rem', narrow: '7.4rem', cell: (agent) => <ChainBadge chain={agent.chain} /> },
    {
      head: 'Last session',
      width: '8rem',
      cell: (agent) =>
        agent.last_session ? (
          <Link className="mono" href={tenant.page(sessionPath(agent.last_session, agent.agent))}>
            {agent.last_session.slice(0, 8)}
          </Link>
        ) : (
          '–'
        ),
    },
    {
      head: 'Key',
      width: 'minmax(8rem, 1fr)',
      cell: (agent) =>
        agent.key_id === null ? (
          '–'
        ) : (
          <>
            <code title={agent.key_id}>{agent.key_id.slice(0, 10)}</code>{' '}
            {manages && (
              <button type="button" className="plain" onClick={() => setDisabling(agent)}>
                Disable<span className="hidden"> the key of {agent.agent}</span>
              </button>
            )}
          </>
        ),
    },
  ];
  const disable = async () => {
    const key = disabling?.key_id;
    if (!key) return;
    if (
      !(await change.run(() =>
        client.change('POST', `${tenant.api}/keys/${encodeURIComponent(key)}/disable`),
      ))
    )
      return;
    setDone(`Key ${key} is disabled: what is signed with it is refused within seconds.`);
    setDisabling(null);
    list.reload();
  };
  return (
    <Page title="Agents" actions={<Export path={path} />}>
      <div className="filters" role="search">
        <Search label="Name" value={filter.q ?? ''} onChange={(value) => setFilter(setQuery, 'q', value)} />
      </div>
      <p role="status" className="done">
        {done}
      </p>
      <VirtualTable
        label="Agents"
        list={list}
        columns={columns}
        keyOf={(agent) => agent.agent}
        href={(agent) => tenant.page(`sessions?agent=${encodeURIComponent(agent.agent)}&days=92`)}
        empty={
          filter.q ? (
            <Empty title={`No agent has “${filter.q}” in its name`}>
              <button type="button" onClick={() => setFilter(setQuery, 'q', '')}>
                Show all
              </button>
            </Empty>
          ) : (
            <Empty title="No agent has reported yet">
              <p>
                On its machine: <code>plumb agent</code>, or once <code>plumb push decisions.jsonl</code>.
              </p>
            </Empty>
          )
        }
      />
      {disabling && (
        <FormDialog
          title={`Disable the key of ${disabling.agent}?`}
          submit="Disable the key"
          danger
          busy={change.busy}
          problem={change.problem}
          onClose={() => {
            change.clear();
            setDisabling(null);
          }}
          onSubmit={() => void disable()}
        >
          <p>
            Everything that signs with <code>{disabling.key_id}</code> is refused within seconds, also other
            agents with this key. It can&apos;t be undone; the agent goes on with a new key.
          </p>
        </FormDialog>
      )}
    </Page>
  );
}
