import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { client } from '../api/client';
import { forgetAnswers, useChange } from '../api/hooks';
import { Field } from '../ui/form';
import { Plain } from '../ui/shell';

/** The token stands behind #, which browsers send nowhere; it leaves the address bar at once. */
function takeToken(): string {
  const token = decodeURIComponent(window.location.hash.slice(1));
  if (token) history.replaceState(null, '', '/setup');
  return token;
}

export function Setup() {
  const token = useRef<string | null>(null);
  token.current ??= takeToken();
  const [given, setGiven] = useState(token.current);
  const change = useChange();
  // A link pasted while this page is open changes only what stands behind #.
  useEffect(() => {
    const pasted = () => {
      const found = takeToken();
      if (!found) return;
      token.current = found;
      setGiven(found);
    };
    window.addEventListener('hashchange', pasted);
    return () => window.removeEventListener('hashchange', pasted);
  }, []);
  const [, navigate] = useLocation();
  const submit = async (name: string) => {
    const body = name ? { token: given, name } : { token: given };
    if (!(await change.run(() => client.change('POST', '/auth/setup', body)))) return;
    forgetAnswers();
    navigate('/', { replace: true });
  };
  return (
    <Plain title="Welcome">
      <p>This one-time link signs you in on this machine.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(String(new FormData(event.currentTarget).get('name') ?? '').trim());
        }}
      >
        {!token.current && (
          <Field label="One-time token" hint="What stands behind # in the link that you got.">
            {(id, hint) => (
              <input
                id={id}
                required
                autoComplete="off"
                aria-describedby={hint}
                value={given}
                onChange={(event) => setGiven(event.target.value.trim())}
              />
            )}
          </Field>
        )}
        <Field label="Your name" hint="How others see you. It may stay empty.">
          {(id, hint) => (
            <input id={id} name="name" autoComplete="name" maxLength={200} aria-describedby={hint} />
          )}
        </Field>
        {change.problem && (
          <p className="form-problem" role="alert">
            {change.problem.title}
            {change.problem.detail && `: ${change.problem.detail}`}
          </p>
        )}
        <div className="form-actions">
          <button type="submit" className="primary" disabled={change.busy || !given}>
            Continue
          </button>
        </div>
      </form>
    </Plain>
  );
}
