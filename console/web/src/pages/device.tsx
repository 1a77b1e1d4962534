import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { client } from '../api/client';
import { useChange } from '../api/hooks';
import { useMe } from '../lib/session';
import { Field } from '../ui/form';
import { Plain } from '../ui/shell';

/** `plumb auth login` on another machine waits for this: the person compares the code and lets it in, or not. */
export function Device() {
  const me = useMe();
  const [query] = useSearchParams();
  const [code, setCode] = useState((query.get('user_code') ?? query.get('code') ?? '').toUpperCase());
  const [outcome, setOutcome] = useState<'allowed' | 'denied' | null>(null);
  const change = useChange();
  const answer = async (deny: boolean) => {
    const done = await change.run(() =>
      client.change('POST', '/api/v1/device/approve', { user_code: code, deny }),
    );
    if (done) setOutcome(deny ? 'denied' : 'allowed');
  };
  if (outcome)
    return (
      <Plain title={outcome === 'allowed' ? 'The command line is signed in' : 'The command line was refused'}>
        <p role="status">
          {outcome === 'allowed'
            ? 'Go back to the terminal; it goes on by itself.'
            : 'Nothing was given to it. You can close this page.'}
        </p>
        <p>
          <Link href="/">Go to the overview</Link>
        </p>
      </Plain>
    );
  return (
    <Plain title="Sign in a command line">
      <p>
        It will act as <strong>{me.user.email}</strong>. Allow it only when you have just typed{' '}
        <code>plumb auth login</code> yourself and its terminal shows this code.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void answer(false);
        }}
      >
        <Field label="Code" hint="Eight letters, as the terminal shows them.">
          {(id, hint) => (
            <input
              id={id}
              className="code"
              required
              minLength={8}
              maxLength={16}
              autoComplete="off"
              autoCapitalize="characters"
              spellCheck={false}
              aria-describedby={hint}
              value={code}
              onChange={(event) => setCode(event.target.value.toUpperCase())}
            />
          )}
        </Field>
        {change.problem && (
          <p className="form-problem" role="alert">
            {change.problem.title}
            {change.problem.detail && `: ${change.problem.detail}`}
          </p>
        )}
        <div className="form-actions">
          <button type="button" disabled={change.busy || code.length < 8} onClick={() => void answer(true)}>
            Refuse
          </button>
          <button type="submit" className="primary" disabled={change.busy}>
            Allow
          </button>
        </div>
      </form>
    </Plain>
  );
}
