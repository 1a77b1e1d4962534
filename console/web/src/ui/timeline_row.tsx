// One event of a session: what was asked, what was decided by which rule, at what risk; its whole metadata on demand.
import { useId, useState } from 'react';
import type { TimelineItem } from '../api/types';
import { clock, commit, count, dateTime, duration, riskGrade, short, words } from '../lib/format';
import { Badge, Facts } from './basic';

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function Meta({ item }: { item: TimelineItem }) {
  const facts: [string, string | null][] = [
    ['rule', item.policy_rule],
    ['prompt', item.prompt_type && words(item.prompt_type)],
    ['confidence', item.confidence],
    ['mode', item.autonomy_mode],
    ['tool', item.tool],
    ['model', item.model],
    [
      'tokens',
      item.tokens_in === null && item.tokens_out === null
        ? null
        : `${short(item.tokens_in)} in, ${short(item.tokens_out)} out`,
    ],
    ['took', item.duration_ms === null ? null : duration(item.duration_ms)],
    ['status', item.status],
    ['repo', item.repo],
    ['commit', item.commit && commit(item.commit)],
  ];
  return (
    <ul className="meta">
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <li key={name}>
            <span className="muted">{name}</span> {value}
          </li>
        ))}
    </ul>
  );
}

export function TimelineRow({ item }: { item: TimelineItem }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const entries = Object.entries(item.data);
  return (
    <li className={item.escalated ? 'event escalated' : 'event'}>
      <time dateTime={item.time} title={dateTime(item.time)}>
        {clock(item.time)}
      </time>
      <div className="event-body">
        <div className="event-line">
          <Badge tone={item.kind === 'decision' ? 'info' : 'none'}>{words(item.kind)}</Badge>
          <span className="event-summary">
            {item.action && item.kind === 'decision' ? words(item.action) : item.summary}
          </span>
          {item.escalated && <Badge tone="warn">Escalated to a person</Badge>}
          {item.risk !== null && (
            <span className={`risk ${riskGrade(item.risk)}`}>
              risk {count(item.risk)}
              {item.risk_category && ` (${item.risk_category})`}
            </span>
          )}
        </div>
        {typeof item.data.explanation === 'string' && <div className="detail">{item.data.explanation}</div>}
        <Meta item={item} />
        {open && (
          <div id={id} className="event-data">
            <Facts rows={entries.map(([name, value]) => [name, <code key={name}>{text(value)}</code>])} />
          </div>
        )}
      </div>
      {entries.length > 0 && (
        <button
          type="button"
          className="plain"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
        >
          {open ? 'Less' : 'More'}
          <span className="hidden"> of {clock(item.time)}</span>
        </button>
      )}
    </li>
  );
}
