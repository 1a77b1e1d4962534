import { words } from '../lib/format';
import { Empty, Status, Time } from './basic';

interface Gate {
  gate: string;
  status: string;
  violations?: number;
  last_fail_at?: string | null;
}
const RANK: Record<string, number> = { FAIL: 0, ERROR: 1, PASS: 3 };

/** Gate by gate, what fails first. */
export function Gates({ gates }: { gates: Gate[] }) {
  if (gates.length === 0) return <Empty title="The report names no gates" />;
  const sorted = [...gates].sort(
    (a, b) => (RANK[a.status] ?? 2) - (RANK[b.status] ?? 2) || (a.gate < b.gate ? -1 : 1),
  );
  return (
    <ul className="gates">
      {sorted.map((gate) => (
        <li key={gate.gate}>
          <Status word={gate.status} label={gate.status} />
          <span className="gate-name" title={gate.gate}>
            {words(gate.gate)}
          </span>
          <span className="muted num">
            {gate.violations ? gate.violations : ''}
            {gate.status === 'PASS' && gate.last_fail_at && (
              <>
                failed <Time at={gate.last_fail_at} />
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
