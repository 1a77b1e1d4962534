import { useState } from 'react';
import { client } from '../../api/client';
import { useChange, useList } from '../../api/hooks';
import type { Role } from '../../api/types';
import type { InvitationMade, Member } from '../../api/types_admin';
import { useMe, useTenant } from '../../lib/session';
import { Badge, Empty, Page, Time } from '../../ui/basic';
import { Dialog, Field, FormDialog, Secret, Select } from '../../ui/form';
import { ActionsHead, WholeList } from '../../ui/whole_list';

const ROLES: [Role, string][] = [
  ['viewer', 'Viewer: reads'],
  ['operator', 'Operator: also agents, keys and tests of routes'],
  ['admin', 'Admin: everything'],
];
type Doing = { what: 'invite' } | { what: 'role' | 'remove'; member: Member };

export function Members() {
  const me = useMe();
  const tenant = useTenant();
  const list = useList<Member>(`${tenant.api}/members`, (member) => member.id);
  const [doing, setDoing] = useState<Doing | null>(null);
  const [made, setMade] = useState<InvitationMade | null>(null);
  const change = useChange();
  const manages = tenant.may('members.manage');
  const close = () => {
    change.clear();
    setDoing(null);
  };
  const run = async (work: () => Promise<unknown>) => {
    if (!(await change.run(work))) return;
    close();
    list.reload();
  };
  const path = (member: Member) =>
    member.kind === 'member'
      ? `${tenant.api}/members/${member.id}`
      : `${tenant.api}/members/invitations/${member.id}`;
  return (
    <Page
      title="Members"
      actions={
        manages && (
          <button type="button" className="primary" onClick={() => setDoing({ what: 'invite' })}>
            Invite
          </button>
        )
      }
    >
      <WholeList
        label="Members"
        list={list}
        heads={['Person', 'Role', 'Teams', 'Since', 'Signed in', ...(manages ? [ActionsHead] : [])]}
        empty={<Empty title="Nobody yet" />}
      >
        {(member) => (
          <tr key={member.id}>
            <th scope="row">
              {member.name || member.email} {member.id === me.user.id && <Badge>you</Badge>}{' '}
              {member.kind === 'invitation' && (
                <Badge tone="info">
                  invited, open until <Time at={member.expires_at} mode="full" />
                </Badge>
              )}
              {member.name && <div className="detail">{member.email}</div>}
            </th>
            <td>{member.role}</td>
            <td>{member.teams.join(', ') || <span className="muted">–</span>}</td>
            <td>
              <Time at={member.since} mode="full" />
            </td>
            <td>
              <Time at={member.last_sign_in_at} />
            </td>
            {manages && (
              <td className="row-actions">
                {member.kind === 'member' && (
                  <button type="button" className="plain" onClick={() => setDoing({ what: 'role', member })}>
                    Role<span className="hidden"> of {member.email}</span>
                  </button>
                )}
                <button type="button" className="plain" onClick={() => setDoing({ what: 'remove', member })}>
                  {member.kind === 'member' ? 'Remove' : 'Withdraw'}
                  <span className="hidden"> {member.email}</span>
                </button>
              </td>
            )}
          </tr>
        )}
      </WholeList>
      {doing?.what === 'invite' && (
        <FormDialog
          title="Invite a person"
          submit="Invite"
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={(values) =>
            void run(async () =>
              setMade(
                await client.change<InvitationMade>('POST', `${tenant.api}/members/invitations`, {
                  email: String(values.get('email')).trim(),
                  role: values.get('role'),
                }),
              ),
            )
          }
        >
          <Field label="Mail address" hint="The one that their sign-in provider knows.">
            {(id, hint) => (
              <input id={id} name="email" type="email" required maxLength={254} aria-describedby={hint} />
            )}
          </Field>
          <Select label="Role" name="role" options={ROLES} defaultValue="viewer" />
        </FormDialog>
      )}
      {doing?.what === 'role' && (
        <FormDialog
          title={`Role of ${doing.member.name || doing.member.email}`}
          submit="Change"
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={(values) =>
            void run(() => client.change('PATCH', path(doing.member), { role: values.get('role') }))
          }
        >
          <Select label="Role" name="role" options={ROLES} defaultValue={doing.member.role} />
        </FormDialog>
      )}
      {doing?.what === 'remove' && (
        <FormDialog
          title={
            doing.member.kind === 'member'
              ? `Remove ${doing.member.name || doing.member.email}?`
              : `Withdraw the invitation?`
          }
          submit={doing.member.kind === 'member' ? 'Remove' : 'Withdraw'}
          danger
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={() => void run(() => client.change('DELETE', path(doing.member)))}
        >
          <p>
            {doing.member.kind === 'member'
              ? 'They lose access at once, on all their machines. What they did stays in the audit log.'
              : `The link that ${doing.member.email} got stops working.`}
          </p>
        </FormDialog>
      )}
      {made && (
        <Dialog title="The invitation" onClose={() => setMade(null)}>
          <p>
            Send this link to {made.email}. It is shown only now, works once, and until{' '}
            <Time at={made.expires_at} mode="full" />.
          </p>
          <Secret label="Link" value={made.link} />
          <div className="form-actions">
            <button type="button" className="primary" onClick={() => setMade(null)}>
              I have it
            </button>
          </div>
        </Dialog>
      )}
    </Page>
  );
}
