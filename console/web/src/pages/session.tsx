import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { useList, useResource } from '../api/hooks';
import { withQuery } from '../api/list';
import type { SessionDetail, TimelineItem } from '../api/types';
import { count, duration, plural, riskGrade, short } from '../lib/format';
import { useTenant } from '../lib/session';
import { Card, Empty, Facts, Failure, Page, Shown, Time } from '../ui/basic';
import { ChainVerdict } from '../ui/chain';
import { TimelineRow } from '../ui/timeline_row';

type Show = 'all' | 'escalated' | 'tools';
const SHOWS: [Show, string][] = [
  ['all', 'Everything'],
  ['escalated', 'Escalations'],
  ['tools', 'Tool and model calls'],
];
const shown = (show: Show, item: TimelineItem) =>
  show === 'all' || (show === 'escalated' ? item.escalated : item.tool !== null || item.model !== null);

export default function SessionPage({ id }: { id: string }) {
  const tenant = useTenant();
  const [query] = useSearchParams();
  const name = decodeURIComponent(id);
  const agent = query.get('agent');
  const path = withQuery(`${tenant.api}/sessions/${encodeURIComponent(name)}`, { agent });
  const detail = useResource<SessionDetail>(withQuery(path, { limit: 1 }));
  const session = detail.data?.session;
  return (
    <Page
      title={`Session ${name.slice(0, 8)}`}
      crumb={<Link href={tenant.page('sessions')}>Sessions</Link>}
      heading={
        <>
          Session <span className="mono">{name}</span>
        </>
      }
    >
      <Shown of={detail}>
        {(data) => (
          <>
            <Facts
              rows={[
                [
                  'Agent',
                  <Link href={tenant.page(`agents?q=${encodeURIComponent(data.session.agent)}`)}>
                    {data.session.agent}
                  </Link>,
                ],
                ['Began', <Time at={data.session.started_at} mode="full" />],
                ['Lasted', duration(Date.parse(data.session.last_at) - Date.parse(data.session.started_at))],
                ['Decisions', count(data.session.decisions)],
                ['Escalated to a person', count(data.session.escalations)],
                [
                  'Highest risk',
                  <span className={`risk ${riskGrade(data.session.max_risk)}`}>
                    {data.session.max_risk ?? '–'}
                  </span>,
                ],
                ['Tokens in / out', `${short(data.session.tokens_in)} / ${short(data.session.tokens_out)}`],
                ['Repository', data.session.repo ?? '–'],
              ]}
            />
            <ChainVerdict chain={data.chain} agent={data.session.agent} />
          </>
        )}
      </Shown>
      {session && <Timeline path={path} />}
    </Page>
  );
}

function Timeline({ path }: { path: string }) {
  const [show, setShow] = useState<Show>('all');
  const list = useList<TimelineItem>(path, (item) => item.id);
  const items = list.items.filter((item) => shown(show, item));
  return (
    <Card title="Timeline" note={plural(list.items.length, 'event') + (list.complete ? '' : ' so far')} wide>
      <div className="filters" role="group" aria-label="What to show">
        {SHOWS.map(([word, label]) => (
          <button
            type="button"
            key={word}
            className="chip"
            aria-pressed={show === word}
            onClick={() => setShow(word)}
          >
            {label} <span className="num">{list.items.filter((item) => shown(word, item)).length}</span>
          </button>
        ))}
      </div>
      {items.length > 0 && (
        <ol className="timeline">
          {items.map((item) => (
            <TimelineRow item={item} key={item.id} />
          ))}
        </ol>
      )}
      {items.length === 0 && list.complete && (
        <Empty title="Nothing of that kind here">
          {show !== 'all' && (
            <button type="button" onClick={() => setShow('all')}>
              Show everything
            </button>
          )}
        </Empty>
      )}
      {list.problem && <Failure problem={list.problem} retry={list.retry} />}
      {!list.complete && !list.problem && (
        <button type="button" onClick={list.retry} disabled={list.loading}>
          {list.loading ? 'Loading …' : 'Show more'}
        </button>
      )}
    </Card>
  );
}
