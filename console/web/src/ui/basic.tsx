// Small parts that every page is made of.
import { useEffect, useRef, type ReactNode } from 'react';
import { Problem } from '../api/client';
import { ago, dateTime, grade, utc, words, type Grade } from '../lib/format';
import { useNow } from '../lib/now';
import { isBack } from '../lib/navigation';

let firstPage = true;

/** A page: its heading is the title of the document and takes the focus when one comes by a link. */
export function Page(props: {
  title: string;
  crumb?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  heading?: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · Plumbline`;
  }, [props.title]);
  useEffect(() => {
    if (!firstPage && !isBack()) {
      window.scrollTo(0, 0);
      heading.current?.focus({ preventScroll: true });
    }
    firstPage = false;
  }, []);
  return (
    <>
      <header className="page-head">
        <div>
          {props.crumb && <div className="crumb">{props.crumb}</div>}
          <h1 tabIndex={-1} ref={heading}>
            {props.heading ?? props.title}
          </h1>
        </div>
        {props.actions && <div className="actions">{props.actions}</div>}
      </header>
      {props.children}
    </>
  );
}

export function Card(props: {
  title: string;
  note?: ReactNode;
  children: ReactNode;
  wide?: boolean;
  id?: string;
}) {
  const id = props.id ?? `card-${props.title.toLowerCase().replace(/[^a-z]+/g, '-')}`;
  return (
    <section className={props.wide ? 'card wide' : 'card'} aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}>{props.title}</h2>
        {props.note && <div className="note">{props.note}</div>}
      </div>
      {props.children}
    </section>
  );
}

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'none';
export function Badge(props: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span className={`badge ${props.tone ?? 'none'}`} title={props.title}>
      {props.children}
    </span>
  );
}

const TONES: Record<string, Tone> = {
  pass: 'good', ok: 'good', active: 'good', delivered: 'good', resolved: 'good',
  fail: 'bad', broken: 'bad', failed: 'bad', open: 'bad', revoked: 'bad', disabled: 'bad', critical: 'bad', high: 'bad', error: 'bad',
  gap: 'warn', forked: 'warn', retiring: 'warn', medium: 'warn', failing: 'warn', pending: 'info', claimed: 'info', low: 'info',
}; // prettier-ignore
/** A word of the wire with the colour of what it means. */
export const Status = ({ word, label }: { word: string | null | undefined; label?: string }) => (
  <Badge tone={TONES[(word ?? '').toLowerCase()] ?? 'none'}>{label ?? words(word?.toLowerCase())}</Badge>
);

export function Time({
  at,
  mode = 'ago',
}: {
  at: string | null | undefined;
  mode?: 'ago' | 'full' | 'both';
}) {
  const now = useNow();
  if (!at) return <span className="muted">–</span>;
  const text =
    mode === 'full' ? dateTime(at) : mode === 'both' ? `${dateTime(at)} (${ago(at, now)})` : ago(at, now);
  return (
    <time dateTime={at} title={utc(at)}>
      {text}
    </time>
  );
}

const GRADE_WORD: Record<Grade, string> = { good: 'good', fair: 'fair', poor: 'poor', none: 'not known' };
export function Score({ value }: { value: number | null | undefined }) {
  const of = grade(value);
  return (
    <span className={`score ${of}`}>
      <span className="dot" aria-hidden="true" />
      {value === null || value === undefined ? '–' : value.toFixed(value % 1 ? 1 : 0)}
      <span className="hidden"> ({GRADE_WORD[of]})</span>
    </span>
  );
}

/** A part of a whole, 0 to 1. */
export function Meter(props: { part: number; label: string; tone?: Grade }) {
  const percent = Math.max(0, Math.min(1, props.part)) * 100;
  return (
    <div className={`meter ${props.tone ?? 'plain'}`} role="img" aria-label={props.label}>
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}

export function Empty(props: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{props.title}</p>
      {props.children && <div>{props.children}</div>}
    </div>
  );
}

const NEXT: Record<number, string> = {
  403: 'Ask an admin of this organization for the role that may.',
  404: 'It may have been removed, or the link belongs to another organization.',
  429: 'Wait a little, then try again.',
};
/** Why something can't be shown, and what to do. */
export function Failure({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <div className="failure" role="alert">
      <p className="empty-title">{problem.title}</p>
      <p>
        {problem.detail ||
          NEXT[problem.status] ||
          'Try again; if it stays, look at the log of plumbline console.'}
      </p>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export const Loading = ({ what = 'Loading' }: { what?: string }) => (
  <div className="loading" role="status">
    <span className="spinner" aria-hidden="true" /> {what} …
  </div>
);

/** What a resource gives, or why it does not. */
export function Shown<T>(props: {
  of: { data: T | undefined; problem: Problem | null; reload: () => unknown };
  children: (data: T) => ReactNode;
}) {
  const { data, problem, reload } = props.of;
  if (problem && (data === undefined || problem.status === 404 || problem.status === 403))
    return <Failure problem={problem} retry={() => void reload()} />;
  if (data === undefined) return <Loading />;
  return (
    <>
      {problem && <Failure problem={problem} retry={() => void reload()} />}
      {props.children(data)}
    </>
  );
}

export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
