import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { useResource } from '../api/hooks';
import type { SignIn } from '../api/types';
import { safeReturn } from '../lib/navigation';
import { Shown } from '../ui/basic';
import { Plain } from '../ui/shell';

const ERRORS: Record<string, string> = {
  denied: 'The provider says that sign-in was refused. Try again, or take another account.',
  failed: 'Sign-in did not work. Try again; if it stays, the log of plumbline console says why.',
  expired: 'It took too long. Try again.',
  not_invited: 'This account has no invitation. Ask an admin of your organization for one to this address.',
  unavailable: 'The provider does not answer. Try again in a minute.',
};

export function SignInPage() {
  const [query] = useSearchParams();
  const [leaving, setLeaving] = useState<string | null>(null);
  const ways = useResource<SignIn>('/api/v1/sign-in');
  const error = query.get('error');
  const back = encodeURIComponent(safeReturn(query.get('return_to')));
  return (
    <Plain title="Sign in">
      {error && (
        <p className="form-problem" role="alert">
          {ERRORS[error] ?? ERRORS.failed}
        </p>
      )}
      <Shown of={ways}>
        {({ providers, setup_available }) => (
          <>
            <ul className="providers">
              {providers.map((provider) => (
                <li key={provider.id}>
                  <a
                    className="button primary"
                    href={`/auth/${encodeURIComponent(provider.id)}/start?return_to=${back}`}
                    onClick={() => setLeaving(provider.name)}
                  >
                    Continue with {provider.name}
                  </a>
                </li>
              ))}
            </ul>
            {leaving && <p role="status">Going to {leaving} …</p>}
            {setup_available && (
              <p>
                A one-time link is open. It stands where the server was started: <code>script/server</code>{' '}
                prints it, and <code>plumbline console setup-link</code> makes a new one.
              </p>
            )}
            {providers.length === 0 && !setup_available && (
              <p>
                No sign-in provider is set up. Whoever runs this server gets a one-time link with{' '}
                <code>plumbline console setup-link</code>.
              </p>
            )}
          </>
        )}
      </Shown>
    </Plain>
  );
}
