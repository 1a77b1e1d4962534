import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useResource } from '../api/hooks';
import type { Delivery, DriftDetail, DriftEvent, DriftViolation } from '../api/types';
import { commit, count, plural } from '../lib/format';
import { reportPath, repoPath, useTenant } from '../lib/session';
import { Badge, Card, Empty, Facts, Page, Shown, Status, Time } from '../ui/basic';
import { lasted } from '../ui/drift_rows';

export default function DriftPage({ id }: { id: string }) {
  const tenant = useTenant();
  const detail = useResource<DriftDetail>(`${tenant.api}/drifts/${encodeURIComponent(id)}`);
  const drift = detail.data;
  return (
    <Page
      title={drift ? `Drift of ${drift.repo}` : 'Drift'}
      crumb={<Link href={tenant.page('drifts')}>Drift</Link>}
      heading={
        drift ? (
          <>
            <Status word={drift.state} /> {drift.repo} <span className="muted">{drift.branch}</span>
          </>
        ) : undefined
      }
    >
      <Shown of={detail}>
        {(data) => (
          <>
            <p className="cause">{data.cause}</p>
            <Facts
              rows={[
                ['Severity', <Status word={data.severity} />],
                ['New violations', count(data.violations_total)],
                ['Opened', <Time at={data.opened_at} mode="both" />],
                ['Passing since', <Time at={data.passing_since} mode="full" />],
                [data.resolved_at ? 'Lasted' : 'State', lasted(data) ?? 'still open'],
                ['Repository', <Link href={tenant.page(repoPath(data.repo, data.branch))}>{data.repo}</Link>],
              ]}
            />
            <Steps drift={data} />
            <Card title="New violations" note="that the last passing report did not have" wide>
              <NewViolations violations={data.violations} total={data.violations_total} />
            </Card>
            <div className="grid">
              <Card title="What happened">
                <Events events={data.events} />
              </Card>
              <Card title="Who was told">
                <Deliveries deliveries={data.deliveries} />
              </Card>
            </div>
          </>
        )}
      </Shown>
    </Page>
  );
}

/** Passing, broken, whole again: each with its commit and report. */
function Steps({ drift }: { drift: DriftDetail }) {
  const tenant = useTenant();
  const step = (
    tone: string,
    label: string,
    at: string,
    version: string | null,
    hash: string | null,
    report: string,
  ) => (
    <li className={`step ${tone}`} key={label}>
      <strong>{label}</strong>
      <div>
        {version && <span>{version} </span>}
        <code title={hash ?? ''}>{commit(hash)}</code>
      </div>
      <Link href={tenant.page(reportPath(report))}>
        Report of <Time at={at} mode="full" />
      </Link>
    </li>
  );
  const steps: ReactNode[] = [
    step(
      'good',
      'Last passed',
      drift.previous_at,
      drift.previous_version,
      drift.previous_commit,
      drift.previous_report,
    ),
    step('bad', 'Drifted', drift.opened_at, drift.opened_version, drift.opened_commit, drift.opened_report),
  ];
  if (drift.resolved_at && drift.resolved_report)
    steps.push(
      step(
        'good',
        'Resolved',
        drift.resolved_at,
        drift.resolved_version,
        drift.resolved_commit,
        drift.resolved_report,
      ),
    );
  else
    steps.push(
      <li className="step none" key="open">
        <strong>Not resolved yet</strong>
        <div className="muted">It resolves with the next report of this branch that passes.</div>
      </li>,
    );
  return (
    <ol className="steps" aria-label="From passing to drift">
      {steps}
    </ol>
  );
}

function NewViolations({ violations, total }: { violations: DriftViolation[]; total: number }) {
  if (violations.length === 0) return <Empty title="None is recorded" />;
  return (
    <>
      <ul className="rows">
        {violations.map((violation, at) => (
          <li key={at}>
            <Status word={violation.severity} /> {violation.title ?? violation.id}{' '}
            <code className="muted">{violation.id}</code>
            <ul className="files">
              {(violation.files ?? []).map((file) => (
                <li key={file}>
                  <code className="file">{file}</code>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {total > violations.length && (
        <p className="note">and {plural(total - violations.length, 'violation')} more, in the report</p>
      )}
    </>
  );
}

function Events({ events }: { events: DriftEvent[] }) {
  if (events.length === 0) return <Empty title="No event is kept any more" />;
  return (
    <ul className="rows">
      {events.map((event) => (
        <li key={event.id} className={event.withdrawn ? 'withdrawn' : undefined}>
          <Time at={event.time} mode="full" /> <strong>{event.type}</strong>{' '}
          {event.withdrawn && (
            <Badge tone="warn">withdrawn: a late report shows that it did not happen</Badge>
          )}
          {event.late && <Badge>found late</Badge>}
          {!event.notify && <Badge>recorded, nobody told</Badge>}
          <div className="detail">{event.summary}</div>
        </li>
      ))}
    </ul>
  );
}

export function Deliveries({ deliveries }: { deliveries: Delivery[] }) {
  const tenant = useTenant();
  if (deliveries.length === 0)
    return (
      <Empty title="Nobody was told">
        {tenant.may('routes.read') ? (
          <p>
            No route takes it. <Link href={tenant.page('settings/routes')}>Look at the routes</Link>
          </p>
        ) : (
          <p>No route takes it.</p>
        )}
      </Empty>
    );
  return (
    <ul className="rows">
      {deliveries.map((delivery) => (
        <li key={delivery.id}>
          <Status word={delivery.state} /> {delivery.route ?? 'removed route'}{' '}
          <span className="muted">{delivery.route_kind.replace('_', ' ')}</span> {delivery.what}{' '}
          <Time at={delivery.finished_at ?? delivery.due_at} mode="full" />
          {delivery.attempts > 1 && (
            <span className="muted"> after {plural(delivery.attempts, 'attempt')}</span>
          )}
          {delivery.reason && <div className="detail">{delivery.reason}</div>}
        </li>
      ))}
    </ul>
  );
}
