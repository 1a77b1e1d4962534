import { useCallback, useState } from 'react';
import { Link } from 'wouter';
import { useResource } from '../api/hooks';
import { useLive, type LiveEvent } from '../api/live';
import type { Drift, Overview as OverviewData, Repo } from '../api/types';
import { count, percent, rate } from '../lib/format';
import { driftPath, repoPath, useTenant } from '../lib/session';
import { Card, Empty, Page, Score, Shown, Status, Time } from '../ui/basic';
import { HealthCard, Trend } from '../ui/health';

export function Overview() {
  const tenant = useTenant();
  const overview = useResource<OverviewData>(`${tenant.api}/overview`);
  const [live, setLive] = useState<number | null>(null);
  const { reload } = overview;
  const onLive = useCallback(
    (event: LiveEvent, data: Record<string, unknown>) => {
      if (event === 'rate' && typeof data.events_per_s_5m === 'number') setLive(data.events_per_s_5m);
      if (event === 'drift' || event === 'health') void reload();
    },
    [reload],
  );
  const state = useLive(`${tenant.api}/live`, onLive);
  return (
    <Page title="Overview">
      <Shown of={overview}>
        {(data) => (
          <>
            <Counts data={data} live={live} state={state} />
            <div className="grid">
              <HealthCard health={data.health} />
              <Trend history={data.history} />
            </div>
            <div className="grid">
              <Card
                title="Open drifts"
                note={
                  data.open_drifts.length > 0 && (
                    <Link href={tenant.page('drifts?state=open')}>All open drifts</Link>
                  )
                }
              >
                <OpenDrifts drifts={data.open_drifts} />
              </Card>
              <Card
                title="Repositories that need a look"
                note={<Link href={tenant.page('repos')}>All repositories</Link>}
              >
                <WorstRepos repos={data.worst_repos} />
              </Card>
            </div>
          </>
        )}
      </Shown>
    </Page>
  );
}

const LIVE_WORDS = {
  live: 'live',
  connecting: 'connecting …',
  waiting: 'not live: the connection is being tried again',
};

function Counts({
  data,
  live,
  state,
}: {
  data: OverviewData;
  live: number | null;
  state: keyof typeof LIVE_WORDS;
}) {
  const tenant = useTenant();
  const { counts } = data;
  return (
    <ul className="counts" aria-label="Counts">
      <li>
        <Link href={tenant.page('repos')}>
          <strong>{count(counts.repos)}</strong> {counts.repos === 1 ? 'repository' : 'repositories'}
        </Link>
      </li>
      <li>
        <Link href={tenant.page('agents')}>
          <strong>{count(counts.agents)}</strong> {counts.agents === 1 ? 'agent' : 'agents'}
        </Link>
      </li>
      <li>
        <Link href={tenant.page('sessions')}>
          <strong>{count(counts.sessions_24h)}</strong> sessions in 24 h
        </Link>
      </li>
      <li>
        <Link href={tenant.page('drifts?state=open')}>
          <strong>{count(counts.open_drifts)}</strong> open {counts.open_drifts === 1 ? 'drift' : 'drifts'}
        </Link>
      </li>
      <li>
        <span>
          <strong>{rate(live ?? data.rate.events_per_s_5m)}</strong> traces, over 5 min{' '}
          <span className={`live-state ${state}`} role="status">
            {LIVE_WORDS[state]}
          </span>
        </span>
      </li>
    </ul>
  );
}

function OpenDrifts({ drifts }: { drifts: Drift[] }) {
  const tenant = useTenant();
  if (drifts.length === 0)
    return (
      <Empty title="No repository has drifted">
        <Link href={tenant.page('drifts')}>Past drifts</Link>
      </Empty>
    );
  return (
    <ul className="rows">
      {drifts.map((drift) => (
        <li key={drift.id}>
          <Link href={tenant.page(driftPath(drift.id))}>
            {drift.repo} <span className="muted">{drift.branch}</span>
          </Link>
          <Status word={drift.severity} /> <Time at={drift.opened_at} />
          <div className="detail">{drift.cause}</div>
        </li>
      ))}
    </ul>
  );
}

function WorstRepos({ repos }: { repos: Repo[] }) {
  const tenant = useTenant();
  if (repos.length === 0)
    return (
      <Empty title="No repository has reported yet">
        <p>
          In its folder: <code>plumb push rigour-report.json</code>
        </p>
      </Empty>
    );
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Repository</th>
          <th scope="col">Health</th>
          <th scope="col">Gate</th>
          <th scope="col" className="right">
            Passes
          </th>
          <th scope="col" className="right">
            Reported
          </th>
        </tr>
      </thead>
      <tbody>
        {repos.map((repo) => (
          <tr key={`${repo.repo} ${repo.branch}`}>
            <th scope="row">
              <Link href={tenant.page(repoPath(repo.repo, repo.branch))}>{repo.repo}</Link>{' '}
              <span className="muted">{repo.branch}</span>
            </th>
            <td>
              <Score value={repo.health} />
            </td>
            <td>
              <Status word={repo.status} label={repo.status} />
            </td>
            <td className="right num">{percent(repo.pass_rate_30d)}</td>
            <td className="right">
              <Time at={repo.last_report_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
