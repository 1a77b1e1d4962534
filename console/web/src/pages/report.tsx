import { useMemo } from 'react';
import { Link } from 'wouter';
import { useResource } from '../api/hooks';
import type { ReportDetail, Violation } from '../api/types';
import { commit, count, decimal, duration, plural, words } from '../lib/format';
import { repoPath, useTenant } from '../lib/session';
import { Card, Empty, Facts, Page, Score, Shown, Status, Time } from '../ui/basic';
import { Gates } from '../ui/gates';

export default function ReportPage({ id }: { id: string }) {
  const tenant = useTenant();
  const detail = useResource<ReportDetail>(`${tenant.api}/reports/${encodeURIComponent(id)}`);
  const report = detail.data?.report;
  const crumb = report?.repo ? (
    <>
      <Link href={tenant.page('repos')}>Repositories</Link> /{' '}
      <Link href={tenant.page(repoPath(report.repo, report.branch))}>{report.repo}</Link>
    </>
  ) : (
    <Link href={tenant.page('repos')}>Repositories</Link>
  );
  return (
    <Page title={report ? `Report ${report.version ?? commit(report.commit)}` : 'Report'} crumb={crumb}>
      <Shown of={detail}>
        {(data) => (
          <>
            <Facts
              rows={[
                ['Gate', <Status word={data.report.status} label={data.report.status} />],
                ['Score', <Score value={data.report.score} />],
                ['AI health', decimal(data.report.ai_health_score, 0)],
                ['Structure', decimal(data.report.structural_score, 0)],
                ['Violations', count(data.report.violations_total)],
                ['Branch', data.report.branch ?? '–'],
                ['Commit', <code title={data.report.commit ?? ''}>{commit(data.report.commit)}</code>],
                ['By', data.report.agent],
                ['Took', duration(data.report.duration_ms)],
                ['Time', <Time at={data.report.time} mode="full" />],
              ]}
            />
            <div className="grid side-narrow">
              <Card title="Violations" note={plural(data.violations.length, 'violation')}>
                <Violations violations={data.violations} />
              </Card>
              <Card title="Gates">
                <Gates gates={data.gates} />
              </Card>
            </div>
          </>
        )}
      </Shown>
    </Page>
  );
}

export function Violations({ violations }: { violations: Violation[] }) {
  const groups = useMemo(() => {
    const byGate = new Map<string, Violation[]>();
    for (const violation of violations)
      byGate.set(violation.gate, [...(byGate.get(violation.gate) ?? []), violation]);
    return [...byGate];
  }, [violations]);
  if (groups.length === 0)
    return <Empty title="No violation">Everything that this report looked at was in order.</Empty>;
  return (
    <>
      {groups.map(([gate, list]) => (
        <section key={gate} className="violations">
          <h3>
            {words(gate)} <span className="muted num">{list.length}</span>
          </h3>
          <ul className="rows">
            {list.map((violation) => (
              <li key={violation.ordinal}>
                <Status word={violation.severity} /> {violation.title ?? words(violation.gate)}
                {violation.file && (
                  <code className="file">
                    {violation.file}
                    {violation.line !== null && `:${violation.line}`}
                  </code>
                )}
                {violation.files > 1 && (
                  <span className="muted"> and {plural(violation.files - 1, 'file')} more</span>
                )}
                {violation.details && <div className="detail">{violation.details}</div>}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}
