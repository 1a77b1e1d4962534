import { useState } from 'react';
import { client } from '../../api/client';
import { useChange, useList } from '../../api/hooks';
import type { Key, KeyMade } from '../../api/types_admin';
import { useTenant } from '../../lib/session';
import { Empty, Page, Status, Time } from '../../ui/basic';
import { Dialog, Field, FormDialog, Secret, Select } from '../../ui/form';
import { ActionsHead, WholeList } from '../../ui/whole_list';

type Doing = { what: 'new' } | { what: 'rotate' | 'disable'; key: Key };
const ALGORITHMS: Record<string, string> = { v1: 'v1, shared secret', v1a: 'v1a, Ed25519' };

function PublicKey() {
  return (
    <Field
      label="Public key of the client (v1a only)"
      hint="Base64 of 32 bytes. Left empty, the server makes the pair and shows the private part once."
    >
      {(id, hint) => (
        <input
          id={id}
          name="public_key"
          className="mono"
          maxLength={100}
          aria-describedby={hint}
          autoComplete="off"
        />
      )}
    </Field>
  );
}

const given = (values: FormData, name: string) => {
  const text = String(values.get(name) ?? '').trim();
  return text ? { [name]: text } : {};
};

export function Keys() {
  const tenant = useTenant();
  const list = useList<Key>(`${tenant.api}/keys`, (key) => key.id);
  const [doing, setDoing] = useState<Doing | null>(null);
  const [made, setMade] = useState<KeyMade | null>(null);
  const change = useChange();
  const manages = tenant.may('keys.manage');
  const close = () => {
    change.clear();
    setDoing(null);
  };
  const run = async (work: () => Promise<unknown>) => {
    if (!(await change.run(work))) return;
    close();
    list.reload();
  };
  const path = (key: Key, verb: string) => `${tenant.api}/keys/${encodeURIComponent(key.id)}/${verb}`;
  return (
    <Page
      title="Keys"
      actions={
        manages && (
          <button type="button" className="primary" onClick={() => setDoing({ what: 'new' })}>
            New key
          </button>
        )
      }
    >
      <p className="lead">
        Agents and gates sign every trace with a key. Rotating makes a new one while the old one still works
        for a while.
      </p>
      <WholeList
        label="Keys"
        list={list}
        heads={['Key', 'State', 'Signature', 'Last used', 'Made', ...(manages ? [ActionsHead] : [])]}
        empty={
          <Empty title="There is no key">
            {manages ? 'Make one, and give it to an agent.' : 'An operator or admin can make one.'}
          </Empty>
        }
      >
        {(key) => (
          <tr key={key.id}>
            <th scope="row">
              <code>{key.id}</code>
            </th>
            <td>
              <Status word={key.status} />{' '}
              {key.status === 'retiring' && key.not_after && (
                <span className="muted">
                  until <Time at={key.not_after} mode="full" />
                </span>
              )}
            </td>
            <td>{ALGORITHMS[key.algorithm] ?? key.algorithm}</td>
            <td>
              {key.last_used_at ? <Time at={key.last_used_at} /> : <span className="muted">never</span>}
            </td>
            <td>
              <Time at={key.created_at} mode="full" />
            </td>
            {manages && (
              <td className="row-actions">
                {key.status === 'active' && (
                  <button type="button" className="plain" onClick={() => setDoing({ what: 'rotate', key })}>
                    Rotate<span className="hidden"> {key.id}</span>
                  </button>
                )}
                {(key.status === 'active' || key.status === 'retiring') && (
                  <button type="button" className="plain" onClick={() => setDoing({ what: 'disable', key })}>
                    Disable<span className="hidden"> {key.id}</span>
                  </button>
                )}
              </td>
            )}
          </tr>
        )}
      </WholeList>
      {doing?.what === 'new' && (
        <FormDialog
          title="New key"
          submit="Make it"
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={(values) =>
            void run(async () =>
              setMade(
                await client.change<KeyMade>('POST', `${tenant.api}/keys`, {
                  algorithm: values.get('algorithm'),
                  ...given(values, 'public_key'),
                }),
              ),
            )
          }
        >
          <Select label="Signature" name="algorithm" options={Object.entries(ALGORITHMS)} />
          <PublicKey />
        </FormDialog>
      )}
      {doing?.what === 'rotate' && (
        <FormDialog
          title="Rotate the key"
          submit="Rotate"
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={(values) =>
            void run(async () =>
              setMade(
                await client.change<KeyMade>('POST', path(doing.key, 'rotate'), {
                  overlap_hours: Number(values.get('overlap_hours')),
                  ...given(values, 'public_key'),
                }),
              ),
            )
          }
        >
          <p>
            <code>{doing.key.id}</code> goes on working for the overlap: put the new key into place within it.
          </p>
          <Field label="Overlap in hours" hint="0 to 8760. With 0 the old key is refused within seconds.">
            {(id, hint) => (
              <input
                id={id}
                name="overlap_hours"
                type="number"
                min={0}
                max={8760}
                defaultValue={24}
                required
                aria-describedby={hint}
              />
            )}
          </Field>
          {doing.key.algorithm === 'v1a' && <PublicKey />}
        </FormDialog>
      )}
      {doing?.what === 'disable' && (
        <FormDialog
          title="Disable the key?"
          submit="Disable"
          danger
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={() => void run(() => client.change('POST', path(doing.key, 'disable')))}
        >
          <p>
            What is signed with <code>{doing.key.id}</code> is refused within seconds. It can&apos;t be
            undone.
          </p>
        </FormDialog>
      )}
      {made && <Made made={made} onClose={() => setMade(null)} />}
    </Page>
  );
}

function Made({ made, onClose }: { made: KeyMade; onClose: () => void }) {
  return (
    <Dialog title="The new key" onClose={onClose}>
      <Secret label="Key id (PLUMBLINE_KEY_ID)" value={made.key.id} />
      {made.secret && (
        <>
          <Secret label="Secret (PLUMBLINE_SECRET)" value={made.secret} />
          <p>
            The secret is shown only now. Put it where the agent reads its environment, or into a file that
            only the agent reads.
          </p>
        </>
      )}
      {made.old?.not_after && (
        <p>
          The old key <code>{made.old.id}</code> works until <Time at={made.old.not_after} mode="full" />.
        </p>
      )}
      <div className="form-actions">
        <button type="button" className="primary" onClick={onClose}>
          I have it
        </button>
      </div>
    </Dialog>
  );
}
