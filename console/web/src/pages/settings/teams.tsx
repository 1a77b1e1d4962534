import { useState } from 'react';
import { client } from '../../api/client';
import { useChange, useList } from '../../api/hooks';
import type { Member, Team } from '../../api/types_admin';
import { plural } from '../../lib/format';
import { useTenant } from '../../lib/session';
import { Card, Empty, Failure, Loading, Page } from '../../ui/basic';
import { Field, FormDialog, Select } from '../../ui/form';

type Doing = { what: 'new' } | { what: 'add' | 'remove'; team: Team };

export function Teams() {
  const tenant = useTenant();
  const list = useList<Team>(`${tenant.api}/teams`, (team) => team.id);
  const members = useList<Member>(`${tenant.api}/members`, (member) => member.id);
  const [doing, setDoing] = useState<Doing | null>(null);
  const change = useChange();
  const manages = tenant.may('teams.manage');
  const close = () => {
    change.clear();
    setDoing(null);
  };
  const run = async (work: () => Promise<unknown>) => {
    if (!(await change.run(work))) return;
    close();
    list.reload();
  };
  const outside = (team: Team): [string, string][] =>
    members.items
      .filter((member) => member.kind === 'member' && !team.members.some((user) => user.id === member.id))
      .map((member) => [member.id, member.name ? `${member.name} (${member.email})` : member.email]);
  const action = (
    <button type="button" className="primary" onClick={() => setDoing({ what: 'new' })}>
      New team
    </button>
  );
  return (
    <Page title="Teams" actions={manages && action}>
      {list.problem && <Failure problem={list.problem} retry={list.retry} />}
      {!list.complete && !list.problem && <Loading />}
      {list.complete && list.items.length === 0 && (
        <Empty title="There are no teams">
          {manages ? 'Make one to group people.' : 'An admin can make them.'}
        </Empty>
      )}
      <div className="grid">
        {list.items.map((team) => (
          <Card
            key={team.id}
            id={`team-${team.id}`}
            title={team.name}
            note={plural(team.members.length, 'member')}
          >
            <ul className="rows">
              {team.members.map((user) => (
                <li key={user.id} className="spread">
                  <span>
                    {user.name || user.email} {user.name && <span className="muted">{user.email}</span>}
                  </span>
                  {manages && (
                    <button
                      type="button"
                      className="plain"
                      disabled={change.busy}
                      onClick={() =>
                        void run(() =>
                          client.change('DELETE', `${tenant.api}/teams/${team.id}/members/${user.id}`),
                        )
                      }
                    >
                      Take out<span className="hidden"> {user.email}</span>
                    </button>
                  )}
                </li>
              ))}
            </ul>
            {team.members.length === 0 && <p className="muted">Nobody is in it.</p>}
            {manages && (
              <div className="form-actions">
                <button type="button" onClick={() => setDoing({ what: 'remove', team })}>
                  Delete<span className="hidden"> the team {team.name}</span>
                </button>
                <button
                  type="button"
                  onClick={() => setDoing({ what: 'add', team })}
                  disabled={outside(team).length === 0}
                >
                  Add a member<span className="hidden"> to {team.name}</span>
                </button>
              </div>
            )}
          </Card>
        ))}
      </div>
      {change.problem && !doing && <Failure problem={change.problem} />}
      {doing?.what === 'new' && (
        <FormDialog
          title="New team"
          submit="Make it"
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={(values) =>
            void run(() =>
              client.change('POST', `${tenant.api}/teams`, { name: String(values.get('name')).trim() }),
            )
          }
        >
          <Field label="Name">{(id) => <input id={id} name="name" required maxLength={100} />}</Field>
        </FormDialog>
      )}
      {doing?.what === 'add' && (
        <FormDialog
          title={`Add a member to ${doing.team.name}`}
          submit="Add"
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={(values) =>
            void run(() =>
              client.change(
                'PUT',
                `${tenant.api}/teams/${doing.team.id}/members/${String(values.get('user'))}`,
              ),
            )
          }
        >
          <Select label="Member" name="user" options={outside(doing.team)} />
        </FormDialog>
      )}
      {doing?.what === 'remove' && (
        <FormDialog
          title={`Delete the team ${doing.team.name}?`}
          submit="Delete"
          danger
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={() => void run(() => client.change('DELETE', `${tenant.api}/teams/${doing.team.id}`))}
        >
          <p>Its members stay members of the organization.</p>
        </FormDialog>
      )}
    </Page>
  );
}
