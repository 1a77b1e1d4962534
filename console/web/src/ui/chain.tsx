import type { Chain } from '../api/types';
import { count } from '../lib/format';
import { Badge, type Tone } from './basic';

const CHAINS: Record<Chain['verdict'], [label: string, tone: Tone, meaning: string]> = {
  ok: ['Chain intact', 'good', 'Every entry links to the one before it.'],
  gap: [
    'Chain has gaps',
    'warn',
    'Entries are missing between those that came: they may still come, or were never sent.',
  ],
  forked: [
    'Chain forked',
    'warn',
    'Two entries follow the same one: a copy of the trace file was continued twice.',
  ],
  broken: ['Chain broken', 'bad', 'An entry does not match its hash: it was changed after it was written.'],
  none: ['No chain', 'none', 'This agent sends no hash chain.'],
  unknown: ['Chain not judged yet', 'none', 'The verdict is being worked out.'],
};

export function ChainBadge({ chain }: { chain: Chain }) {
  const [label, tone, meaning] = CHAINS[chain.verdict] ?? CHAINS.unknown;
  return (
    <Badge tone={tone} title={meaning}>
      {label}
    </Badge>
  );
}

/** The verdict in words, with what it counts. */
export function ChainVerdict({ chain, agent }: { chain: Chain; agent: string }) {
  const [label, , meaning] = CHAINS[chain.verdict] ?? CHAINS.unknown;
  const counts: [string, number | undefined][] = [
    ['entries', chain.entries],
    ['with verified content', chain.verified || undefined],
    ['gaps', chain.gaps],
    ['forks', chain.forks],
    ['breaks', chain.breaks],
  ];
  return (
    <div className={`chain ${chain.verdict}`}>
      <strong>{label}</strong> <span className="muted">for {agent}, over all its sessions</span>
      <p>{meaning}</p>
      <ul className="chips">
        {counts
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => (
            <li key={name}>
              {count(value)} {name}
            </li>
          ))}
      </ul>
    </div>
  );
}
