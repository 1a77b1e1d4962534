import { useMemo } from 'react';
import { useList, useResource } from '../api/hooks';
import type { DeadLetter, Lag, Ledger, Pipeline } from '../api/types_admin';
import { everyMinute } from '../lib/minutes';
import { count, duration, plural, words } from '../lib/format';
import { useTenant } from '../lib/session';
import { Badge, Card, Empty, Page, Shown, Status, Time } from '../ui/basic';
import { TimeChart } from '../ui/chart';
import { StackTable } from '../ui/stack_table';
import { VirtualTable, type Column } from '../ui/virtual_table';

export default function PipelinePage() {
  const tenant = useTenant();
  const pipeline = useResource<Pipeline>(`${tenant.api}/pipeline`);
  return (
    <Page
      title="Pipeline"
      actions={
        <button type="button" onClick={() => void pipeline.reload()} disabled={pipeline.loading}>
          Refresh
        </button>
      }
    >
      <Shown of={pipeline}>
        {(data) => (
          <>
            <LedgerCard data={data} />
            <div className="grid top">
              <Stored minutes={data.minutes} />
              <Card title="Consumers" note="how far each has read the log">
                <LagTable lag={data.lag} />
              </Card>
            </div>
            <Card
              title="Dead letters"
              note={
                data.dead_letters.newest ? (
                  <>
                    newest <Time at={data.dead_letters.newest} />
                  </>
                ) : undefined
              }
              wide
            >
              {data.dead_letters.count === 0 ? (
                <Empty title="None">Every trace that was accepted could be read by every consumer.</Empty>
              ) : (
                <DeadLetters />
              )}
            </Card>
          </>
        )}
      </Shown>
    </Page>
  );
}

function Side({ label, total, parts }: { label: string; total: number; parts: [string, number, string][] }) {
  return (
    <div className="ledger-side">
      <p>
        <strong className="num">{count(total)}</strong> {label} =
      </p>
      <ul className="ledger">
        {parts.map(([name, value, tone]) => (
          <li key={name} className={value ? tone : 'zero'}>
            <span className="num">{count(value)}</span> {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

function LedgerCard({ data }: { data: Pipeline }) {
  const ledger: Ledger = data.ledger;
  return (
    <Card
      title="Ledger"
      note={
        ledger.lost ? (
          <Badge tone="bad">{plural(ledger.lost, 'trace')} lost</Badge>
        ) : ledger.balanced ? (
          <Badge tone="good">balanced: every trace has one outcome</Badge>
        ) : ledger.overdue ? (
          <Badge tone="bad">does not balance</Badge>
        ) : (
          <Badge tone="info">counting</Badge>
        )
      }
      wide
    >
      <div className="ledger-sides">
        <Side
          label="received at the edge"
          total={ledger.received}
          parts={[
            ['accepted', ledger.accepted, 'good'],
            ['rejected', ledger.rejected, 'warn'],
            ['refused', ledger.refused, 'warn'],
          ]}
        />
        <Side
          label="appended to the log"
          total={ledger.appended}
          parts={[
            ['stored', ledger.stored, 'good'],
            ['duplicates', ledger.duplicates, 'plain'],
            ['conflicts', ledger.conflicts, 'warn'],
            ['dead', ledger.dead, 'bad'],
            ['in flight', ledger.in_flight, 'plain'],
          ]}
        />
        {data.reasons.length > 0 && (
          <div className="ledger-side">
            <p>
              <strong>Why</strong>
            </p>
            <ul className="ledger">
              {data.reasons.map((row) => (
                <li key={`${row.outcome} ${row.reason}`} className="plain">
                  <span className="num">{count(row.traces)}</span> {row.outcome}:{' '}
                  {words(row.reason).toLowerCase()}
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
      {(ledger.lost > 0 || (!ledger.balanced && ledger.overdue)) && (
        <p className="form-problem" role="alert">
          Traces are missing that the edge accepted. The operator sees which with{' '}
          <code>plumbline ledger --tenant NAME</code>.
        </p>
      )}
    </Card>
  );
}

function Stored({ minutes }: { minutes: Pipeline['minutes'] }) {
  const points = useMemo(() => everyMinute(minutes, Date.now()), [minutes]);
  const total = minutes.reduce((sum, minute) => sum + minute.stored, 0);
  return (
    <Card title="Stored" note={`${plural(total, 'trace')} in the last hour`}>
      {total === 0 ? (
        <Empty title="Nothing came in the last hour" />
      ) : (
        <TimeChart
          points={points}
          label={`${plural(total, 'trace')} stored in the last hour, by minute`}
          digits={0}
        />
      )}
    </Card>
  );
}

function LagTable({ lag }: { lag: Lag[] }) {
  if (lag.length === 0)
    return (
      <Empty title="No consumer has started yet">
        Each part of <code>plumbline up</code> shows here once it has read.
      </Empty>
    );
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Consumers">
      <StackTable
        heads={[
          'Consumer',
          'Topic',
          { text: 'Position', right: true },
          { text: 'Behind', right: true },
          'State',
        ]}
      >
        {lag.map((row) => (
          <tr key={`${row.consumer} ${row.topic} ${row.partition}`}>
            <th scope="row">{row.consumer}</th>
            <td>
              <span>
                {row.topic} <span className="muted">/{row.partition}</span>
              </span>
            </td>
            <td className="right num">{count(row.position)}</td>
            <td className="right num">
              {row.records === null ? '–' : count(row.records)}
              {row.seconds !== null && row.seconds > 1 && (
                <span className="muted"> ({duration(row.seconds * 1000)})</span>
              )}
            </td>
            <td>
              {row.stopped ? (
                <Status word="failed" label={row.stopped} />
              ) : row.records === 0 ? (
                <Status word="ok" label="up to date" />
              ) : (
                'reading'
              )}
            </td>
          </tr>
        ))}
      </StackTable>
    </div>
  );
}

const DEAD: Column<DeadLetter>[] = [
  { head: 'Noted', width: '8rem', cell: (dead) => <Time at={dead.noted_at} mode="full" /> },
  { head: 'Reason', width: '9rem', narrow: 'minmax(0, 2fr)', cell: (dead) => words(dead.reason) },
  {
    head: 'Detail',
    width: 'minmax(10rem, 3fr)',
    narrow: 'minmax(0, 3fr)',
    cell: (dead) => <span title={dead.detail}>{dead.detail}</span>,
  },
  { head: 'Consumer', width: '6rem', cell: (dead) => dead.consumer },
  { head: 'Agent', width: 'minmax(6rem, 1fr)', cell: (dead) => dead.agent ?? '–' },
  {
    head: 'Where',
    width: '10rem',
    cell: (dead) => <code>{`${dead.topic}/${dead.partition}@${dead.offset}.${dead.index}`}</code>,
  },
];
const deadKey = (dead: DeadLetter) =>
  `${dead.consumer} ${dead.topic} ${dead.partition} ${dead.offset} ${dead.index}`;

function DeadLetters() {
  const tenant = useTenant();
  const list = useList<DeadLetter>(`${tenant.api}/dead-letters`, deadKey);
  return (
    <VirtualTable
      label="Dead letters"
      list={list}
      columns={DEAD}
      keyOf={deadKey}
      empty={<Empty title="None" />}
    />
  );
}
