import type { Problem } from '../../api/client';
import type { RouteKind } from '../../api/types_admin';
import { useState } from 'react';
import { Field, FormDialog, Select } from '../../ui/form';

export const KINDS: Record<RouteKind, string> = {
  slack_app: 'Slack, by an app',
  slack_webhook: 'Slack, by an incoming webhook',
  email: 'Mail',
  webhook: 'Webhook, signed',
};
const ADDRESS: Record<RouteKind, [label: string, hint: string]> = {
  slack_app: ['Channel id', 'Such as C0123456789; the app must be in the channel.'],
  slack_webhook: ['Name for people', 'Such as #alerts: the address itself is the secret below.'],
  email: ['Mail address', 'Each mail has a link to unsubscribe.'],
  webhook: ['URL', 'https, and reachable from the server.'],
};
const SECRET: Partial<Record<RouteKind, [label: string, hint: string]>> = {
  slack_app: ['Bot token', 'Begins with xoxb-. It is kept encrypted and never shown again.'],
  slack_webhook: ['Webhook URL', 'From Slack. It is kept encrypted and never shown again.'],
  webhook: ['Signing secret', 'Begins with whsec_. Left empty, one is made and shown once.'],
};
const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'];

const list = (value: FormDataEntryValue | null) =>
  String(value ?? '')
    .split(/[\s,]+/)
    .filter(Boolean);

/** What the form says, as POST routes takes it: nothing that was left empty. */
export function bodyOf(values: FormData): Record<string, unknown> {
  const text = (name: string) => String(values.get(name) ?? '').trim();
  const body: Record<string, unknown> = {
    name: text('name'),
    kind: text('kind'),
    address: text('address'),
    severity_min: text('severity_min'),
    digest: text('digest'),
    time_zone: text('time_zone') || 'UTC',
    admin: values.get('admin') === 'on',
  };
  if (text('secret')) body.secret = text('secret');
  if (list(values.get('repos')).length) body.repos = list(values.get('repos'));
  if (text('quiet')) body.quiet = text('quiet');
  return body;
}

export function RouteForm(props: {
  busy: boolean;
  problem: Problem | null;
  onClose: () => void;
  onSubmit: (body: Record<string, unknown>) => void;
}) {
  const [kind, setKind] = useState<RouteKind>('slack_app');
  const [addressLabel, addressHint] = ADDRESS[kind];
  const secret = SECRET[kind];
  return (
    <FormDialog
      title="New route"
      submit="Make it"
      busy={props.busy}
      problem={props.problem}
      onClose={props.onClose}
      onSubmit={(values) => props.onSubmit(bodyOf(values))}
    >
      <Field label="Name" hint="Lower case letters, digits, dots and dashes.">
        {(id, hint) => (
          <input
            id={id}
            name="name"
            required
            pattern="[a-z0-9][a-z0-9._\-]{0,62}"
            maxLength={63}
            aria-describedby={hint}
          />
        )}
      </Field>
      <Select
        label="By"
        name="kind"
        value={kind}
        options={Object.entries(KINDS)}
        onChange={(value) => setKind(value as RouteKind)}
      />
      <Field label={addressLabel} hint={addressHint}>
        {(id, hint) => (
          <input
            id={id}
            name="address"
            required
            maxLength={2000}
            type={kind === 'email' ? 'email' : kind === 'webhook' ? 'url' : 'text'}
            aria-describedby={hint}
          />
        )}
      </Field>
      {secret && (
        <Field label={secret[0]} hint={secret[1]} key={kind}>
          {(id, hint) => (
            <input
              id={id}
              name="secret"
              type="password"
              required={kind !== 'webhook'}
              maxLength={2000}
              autoComplete="new-password"
              aria-describedby={hint}
            />
          )}
        </Field>
      )}
      <div className="fields">
        <Select label="From severity" name="severity_min" options={SEVERITIES.map((word) => [word, word])} />
        <Select
          label="Digest"
          name="digest"
          options={[
            ['none', 'At once'],
            ['hourly', 'Hourly'],
            ['daily', 'Daily'],
          ]}
        />
      </div>
      <Field label="Repositories" hint="Names with spaces between; empty: all.">
        {(id, hint) => <input id={id} name="repos" aria-describedby={hint} />}
      </Field>
      <div className="fields">
        <Field label="Quiet hours" hint="Such as 22:00-07:00; critical ones pass.">
          {(id, hint) => (
            <input
              id={id}
              name="quiet"
              pattern="[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]"
              maxLength={11}
              aria-describedby={hint}
            />
          )}
        </Field>
        <Field label="Time zone">
          {(id) => (
            <input
              id={id}
              name="time_zone"
              defaultValue={Intl.DateTimeFormat().resolvedOptions().timeZone}
              maxLength={64}
            />
          )}
        </Field>
      </div>
      <label className="check">
        <input type="checkbox" name="admin" /> Also tell this route when another route fails
      </label>
    </FormDialog>
  );
}
