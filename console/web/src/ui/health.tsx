// Organization health: the number, what it is made of, and how it came to be.
import { useMemo } from 'react';
import type { Health, Overview } from '../api/types';
import { decimal, grade, percent, signed } from '../lib/format';
import { Card, Empty, Meter, Time } from './basic';
import { TimeChart } from './chart';

const PARTS: Record<string, string> = {
  score: 'Score',
  pass_rate: 'Pass rate',
  steady: 'No drift',
  coverage: 'Coverage',
};

export function HealthCard({ health }: { health: Health | null }) {
  if (!health)
    return (
      <Card title="Organization health">
        <Empty title="Nothing is measured yet">
          <p>
            Health is made of gate reports. Send the first one: <code>plumb push report.json</code>.
          </p>
        </Empty>
      </Card>
    );
  const trend = health.trend;
  return (
    <Card title="Organization health" note={<Time at={health.as_of} />}>
      <p className="health">
        <span className={`health-score ${grade(health.score)}`}>{decimal(health.score)}</span>
        <span className="muted">of 100</span>
        <span
          className={`trend ${trend === null || Math.abs(trend) < 0.05 ? '' : trend > 0 ? 'up' : 'down'}`}
        >
          {trend === null ? 'no trend yet' : `${signed(trend)} in 7 days`}
        </span>
      </p>
      <table className="parts">
        <caption className="hidden">What the health is made of, and what moved it in 7 days</caption>
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col" className="right">
              Points
            </th>
            <th scope="col">
              <span className="hidden">Share</span>
            </th>
            <th scope="col" className="right">
              7 days
            </th>
          </tr>
        </thead>
        <tbody>
          {health.parts.map((part) => (
            <tr key={part.name}>
              <th scope="row">
                {PARTS[part.name] ?? part.name}
                <div className="detail">{part.detail}</div>
              </th>
              <td className="right num">
                {decimal(part.value)} <span className="muted">/ {part.weight}</span>
              </td>
              <td>
                <Meter
                  part={(part.value ?? 0) / part.weight}
                  tone={grade(part.value === null ? null : (part.value / part.weight) * 100)}
                  label={`${percent(((part.value ?? 0) / part.weight) * 100)} of its points`}
                />
              </td>
              <td
                className={`right num trend ${(part.trend ?? 0) > 0.04 ? 'up' : (part.trend ?? 0) < -0.04 ? 'down' : ''}`}
              >
                {signed(part.trend)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

export function Trend({ history }: { history: Overview['history'] }) {
  const points = useMemo(() => history.map((day) => ({ time: day.time, value: day.score })), [history]);
  const known = points.filter((point) => point.value !== null);
  const first = known[0]?.value ?? null;
  const last = known[known.length - 1]?.value ?? null;
  return (
    <Card title="Trend" note={known.length > 0 ? `${known.length} days` : undefined}>
      {known.length === 0 ? (
        <Empty title="No history yet">
          <p>It grows by a point a day.</p>
        </Empty>
      ) : (
        <TimeChart
          points={points}
          range={[0, 100]}
          height={290}
          label={`Health over ${known.length} days, from ${decimal(first)} to ${decimal(last)}`}
        />
      )}
    </Card>
  );
}
