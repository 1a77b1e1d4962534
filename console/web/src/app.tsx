// From an address to a page. Pages that few open are loaded when they are opened.
import { lazy, Suspense, useEffect, useMemo, useState, type ReactNode } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { client, Problem } from './api/client';
import type { Me } from './api/types';
import { membershipOf } from './lib/permissions';
import { MeContext, TenantContext, tenantOf, useMe } from './lib/session';
import { Device } from './pages/device';
import { Overview } from './pages/overview';
import { Setup } from './pages/setup';
import { SignInPage } from './pages/sign_in';
import { Empty, Failure, Loading, Page } from './ui/basic';
import { Plain, Shell, signOut } from './ui/shell';

const Repos = lazy(() => import('./pages/repos'));
const RepoPage = lazy(() => import('./pages/repo'));
const ReportPage = lazy(() => import('./pages/report'));
const Sessions = lazy(() => import('./pages/sessions'));
const SessionPage = lazy(() => import('./pages/session'));
const Drifts = lazy(() => import('./pages/drifts'));
const DriftPage = lazy(() => import('./pages/drift'));
const PipelinePage = lazy(() => import('./pages/pipeline'));
const Agents = lazy(() => import('./pages/agents'));
const SettingsPages = lazy(() => import('./pages/settings'));

export function App() {
  return (
    <Switch>
      <Route path="/sign-in" component={SignInPage} />
      <Route path="/setup" component={Setup} />
      <Route>
        <SignedIn />
      </Route>
    </Switch>
  );
}

/** Asks once who is signed in; without anybody it is the sign-in page, which leads back here. */
function SignedIn() {
  const [me, setMe] = useState<Me | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [, navigate] = useLocation();
  useEffect(() => {
    const toSignIn = () => {
      const here = window.location.pathname + window.location.search;
      navigate(`/sign-in${here === '/' ? '' : `?return_to=${encodeURIComponent(here)}`}`, { replace: true });
    };
    client.onSignedOut = toSignIn;
    client
      .get<Me>('/api/v1/me')
      .then((found) => {
        client.setCsrf(found.csrf);
        setMe(found);
        setProblem(null);
      })
      .catch((error: unknown) => {
        if (error instanceof Problem && error.status !== 401) setProblem(error);
      });
  }, [navigate, attempt]);

  if (problem)
    return (
      <Plain title="The console can't be shown">
        <Failure problem={problem} retry={() => setAttempt(attempt + 1)} />
      </Plain>
    );
  if (!me) return <Loading />;
  return (
    <MeContext.Provider value={me}>
      <Switch>
        <Route path="/device" component={Device} />
        <Route path="/">
          <Start />
        </Route>
        <Route path="/t/:tenant/*?">
          {(params) => <TenantPages tenant={decodeURIComponent(params.tenant)} />}
        </Route>
        <Route>
          <Plain title="There is no such page">
            <p>
              <Link href="/">Go to the overview</Link>
            </p>
          </Plain>
        </Route>
      </Switch>
    </MeContext.Provider>
  );
}

function Start() {
  const me = useMe();
  const first = me.memberships[0];
  if (first) return <Redirect to={tenantOf(first).page('overview')} replace />;
  return (
    <Plain title="You are in no organization yet">
      <p>
        {me.user.email} is signed in, but belongs to no organization. Ask an admin for an invitation to this
        address.
      </p>
      <button type="button" onClick={() => void signOut(false)}>
        Sign out
      </button>
    </Plain>
  );
}

function TenantPages({ tenant: name }: { tenant: string }) {
  const me = useMe();
  const membership = membershipOf(me.memberships, name);
  const tenant = useMemo(() => (membership ? tenantOf(membership) : null), [membership]);
  if (!tenant)
    return (
      <Plain title="There is no such organization">
        <p>It does not exist, or you are not a member of it. Ask its admin for an invitation.</p>
        <p>
          <Link href="/">Go to your own</Link>
        </p>
      </Plain>
    );
  const page = (path: string, element: ReactNode) => <Route path={`/t/:tenant/${path}`}>{element}</Route>;
  return (
    <TenantContext.Provider value={tenant}>
      <Shell>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/t/:tenant">
              <Redirect to={tenant.page('overview')} replace />
            </Route>
            {page('overview', <Overview />)}
            {page('repos', <Repos />)}
            {page('repo', <RepoPage />)}
            <Route path="/t/:tenant/reports/:id">{(params) => <ReportPage id={params.id} />}</Route>
            {page('sessions', <Sessions />)}
            <Route path="/t/:tenant/sessions/:id">{(params) => <SessionPage id={params.id} />}</Route>
            {page('drifts', <Drifts />)}
            <Route path="/t/:tenant/drifts/:id">
              {(params) => <DriftPage id={params.id} key={params.id} />}
            </Route>
            {page('pipeline', <PipelinePage />)}
            {page('agents', <Agents />)}
            <Route path="/t/:tenant/settings">
              <Redirect to={tenant.page('settings/members')} replace />
            </Route>
            <Route path="/t/:tenant/settings/:part">{(params) => <SettingsPages part={params.part} />}</Route>
            <Route>
              <Page title="There is no such page">
                <Empty title="The address leads nowhere">
                  <Link href={tenant.page('overview')}>Go to the overview</Link>
                </Empty>
              </Page>
            </Route>
          </Switch>
        </Suspense>
      </Shell>
    </TenantContext.Provider>
  );
}
