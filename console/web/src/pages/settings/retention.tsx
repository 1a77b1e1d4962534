import { useResource } from '../../api/hooks';
import type { Settings } from '../../api/types_admin';
import { count, plural } from '../../lib/format';
import { useTenant } from '../../lib/session';
import { Card, Facts, Page, Shown } from '../../ui/basic';

const Codes = ({ words }: { words: string[] }) =>
  words.length === 0 ? (
    <span className="muted">none</span>
  ) : (
    <>
      {words.map((word) => (
        <code key={word} className="spaced">
          {word}
        </code>
      ))}
    </>
  );

export function Retention() {
  const tenant = useTenant();
  const settings = useResource<Settings>(`${tenant.api}/settings`);
  return (
    <Page title="Retention and redaction">
      <Shown of={settings}>
        {(data) => (
          <div className="grid">
            <Card title="Retention">
              <p className="big">{plural(data.retention_days, 'day')}</p>
              <p className="muted">
                Older traces are deleted, day by day. The operator changes it with{' '}
                <code>plumbline tenant set</code>.
              </p>
            </Card>
            <Card title="Redaction">
              <p className="big">{data.redaction.policy.replace(/_/g, ' ')}</p>
              <p className="muted">{data.redaction.detail}</p>
            </Card>
            <Card title="Limits">
              <Facts
                rows={[
                  [
                    'Organization',
                    `${count(data.limits.traces_per_s)} traces/s, ${count(data.limits.burst)} at once`,
                  ],
                  [
                    'Each agent',
                    `${count(data.limits.agent_traces_per_s)} traces/s, ${count(data.limits.agent_burst)} at once`,
                  ],
                ]}
              />
            </Card>
            <Card
              title="What counts as a layer violation"
              note={data.matchers.custom ? 'your own rules' : 'the defaults'}
            >
              <Facts
                rows={[
                  ['Rules', <Codes words={data.matchers.ids} />],
                  ['Words in title or category', <Codes words={data.matchers.words} />],
                ]}
              />
              <p className="muted">
                The operator changes it with <code>plumbline drift matchers</code>.
              </p>
            </Card>
            <Card title="Sign-in">
              <p>
                {data.providers.length
                  ? data.providers.join(', ')
                  : 'No provider is set up: people come in by one-time links.'}
              </p>
            </Card>
          </div>
        )}
      </Shown>
    </Page>
  );
}
