import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Drift } from '../api/types';
import { duration } from '../lib/format';
import { driftPath, useTenant } from '../lib/session';
import { Status, Time } from './basic';

export const lasted = (drift: Drift): string | null =>
  drift.resolved_at ? duration(Date.parse(drift.resolved_at) - Date.parse(drift.opened_at)) : null;

/** Some drifts of one repository. */
export function DriftRows({ drifts, empty }: { drifts: Drift[]; empty: ReactNode }) {
  const tenant = useTenant();
  if (drifts.length === 0) return <>{empty}</>;
  return (
    <ul className="rows">
      {drifts.map((drift) => (
        <li key={drift.id}>
          <Status word={drift.state} /> <Link href={tenant.page(driftPath(drift.id))}>{drift.cause}</Link>
          <div className="detail">
            opened <Time at={drift.opened_at} mode="full" />
            {drift.opened_version && ` at ${drift.opened_version}`}
            {lasted(drift) && `, lasted ${lasted(drift)}`}
          </div>
        </li>
      ))}
    </ul>
  );
}
