import { useMemo } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { useResource } from '../api/hooks';
import { withQuery } from '../api/list';
import type { RepoDetail, Report } from '../api/types';
import { commit, count, decimal, duration, percent } from '../lib/format';
import { reportPath, repoPath, useTenant } from '../lib/session';
import { Card, Empty, Facts, Page, Score, Shown, Status, Time } from '../ui/basic';
import { TimeChart } from '../ui/chart';
import { DriftRows } from '../ui/drift_rows';
import { Gates } from '../ui/gates';
import { Select } from '../ui/form';
import { StackTable } from '../ui/stack_table';

export default function RepoPage() {
  const tenant = useTenant();
  const [query] = useSearchParams();
  const [, navigate] = useLocation();
  const repo = query.get('repo') ?? '';
  const branch = query.get('branch');
  const detail = useResource<RepoDetail>(repo ? withQuery(`${tenant.api}/repo`, { repo, branch }) : null);
  const crumb = <Link href={tenant.page('repos')}>Repositories</Link>;
  if (!repo)
    return (
      <Page title="Repository" crumb={crumb}>
        <Empty title="The address names no repository">
          <Link href={tenant.page('repos')}>Choose one</Link>
        </Empty>
      </Page>
    );
  return (
    <Page title={repo} crumb={crumb} key={`${repo} ${branch}`}>
      <Shown of={detail}>
        {(data) => (
          <>
            <div className="repo-facts">
              <Facts
                rows={[
                  ['Health', <Score value={data.latest.health} />],
                  ['Latest score', <Score value={data.latest.score} />],
                  ['Gate', <Status word={data.latest.status} label={data.latest.status} />],
                  ['Passes, 30 days', percent(data.latest.pass_rate_30d)],
                  ['Violations', count(data.latest.violations_total)],
                  ['Open drifts', count(data.latest.open_drifts)],
                  ['Version', data.latest.version ?? '–'],
                  ['Commit', <code title={data.latest.commit ?? ''}>{commit(data.latest.commit)}</code>],
                  ['Reported', <Time at={data.latest.last_report_at} />],
                ]}
              />
              {data.branches.length > 1 ? (
                <Select
                  label="Branch"
                  value={data.branch}
                  options={data.branches.map((name) => [name, name])}
                  onChange={(name) => navigate(tenant.page(repoPath(repo, name)))}
                />
              ) : (
                data.branch && <p className="muted">Branch {data.branch}</p>
              )}
            </div>
            <ScoreChart series={data.series} />
            <div className="grid">
              <Card title="Gates" note={`of the latest report`}>
                <Gates gates={data.gates} />
              </Card>
              <Card title="Drifts">
                <DriftRows
                  drifts={data.drifts}
                  empty={
                    <Empty title="This branch has not drifted">
                      It opens when a passing gate fails on a layer violation.
                    </Empty>
                  }
                />
              </Card>
            </div>
            <Reports series={data.series} />
          </>
        )}
      </Shown>
    </Page>
  );
}

function ScoreChart({ series }: { series: Report[] }) {
  const tenant = useTenant();
  const [, navigate] = useLocation();
  const sorted = useMemo(() => [...series].sort((a, b) => (a.time < b.time ? -1 : 1)), [series]);
  const points = useMemo(
    () =>
      sorted.map((report) => ({
        time: report.time,
        value: report.score,
        bad: report.status === 'FAIL',
        text: `${report.status}, ${count(report.violations_total)} violations, ${report.version ?? ''} ${commit(report.commit)}`,
      })),
    [sorted],
  );
  if (points.length === 0)
    return (
      <Card title="Score over time" wide>
        <Empty title="No report in this span of time" />
      </Card>
    );
  const fails = points.filter((point) => point.bad).length;
  return (
    <Card
      title="Score over time"
      note={`${count(points.length)} reports; red ones failed; a click opens one`}
      wide
    >
      <TimeChart
        points={points}
        range={[0, 100]}
        height={220}
        label={`Score of ${count(points.length)} reports, ${count(fails)} failed; the latest is ${decimal(points[points.length - 1]!.value)}. The table of reports below has the numbers.`}
        onOpen={(at) => navigate(tenant.page(reportPath(sorted[at]!.report_id)))}
      />
    </Card>
  );
}

function Reports({ series }: { series: Report[] }) {
  const tenant = useTenant();
  const newest = useMemo(() => [...series].sort((a, b) => (a.time > b.time ? -1 : 1)), [series]);
  return (
    <Card title="Reports" wide>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Reports">
        <StackTable
          heads={[
            'Time',
            'Gate',
            'Score',
            { text: 'AI health', right: true },
            { text: 'Structure', right: true },
            { text: 'Violations', right: true },
            'Version',
            'Commit',
            'By',
            { text: 'Took', right: true },
          ]}
        >
          {newest.map((report) => (
            <tr key={report.report_id}>
              <th scope="row">
                <Link href={tenant.page(reportPath(report.report_id))}>
                  <Time at={report.time} mode="full" />
                </Link>
              </th>
              <td>
                <Status word={report.status} label={report.status} />
              </td>
              <td>
                <Score value={report.score} />
              </td>
              <td className="right num">{decimal(report.ai_health_score, 0)}</td>
              <td className="right num">{decimal(report.structural_score, 0)}</td>
              <td className="right num">{count(report.violations_total)}</td>
              <td>{report.version ?? '–'}</td>
              <td>
                <code title={report.commit ?? ''}>{commit(report.commit)}</code>
              </td>
              <td>{report.agent}</td>
              <td className="right num">{duration(report.duration_ms)}</td>
            </tr>
          ))}
        </StackTable>
      </div>
    </Card>
  );
}
