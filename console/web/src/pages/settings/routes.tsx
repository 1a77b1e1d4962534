import { useState } from 'react';
import { client } from '../../api/client';
import { useChange, useList } from '../../api/hooks';
import { withQuery } from '../../api/list';
import type { Delivery } from '../../api/types';
import type { Route, RouteMade, RouteTest } from '../../api/types_admin';
import { useTenant } from '../../lib/session';
import { Badge, Card, Empty, Failure, Page, Status, Time } from '../../ui/basic';
import { Dialog, FormDialog, Secret } from '../../ui/form';
import { ActionsHead, WholeList } from '../../ui/whole_list';
import { KINDS, RouteForm } from './route_form';
import { useTestOutcome } from './test_outcome';

type Doing = { what: 'new' } | { what: 'remove'; route: Route };

export function Routes() {
  const tenant = useTenant();
  const list = useList<Route>(`${tenant.api}/routes`, (route) => route.id);
  const [doing, setDoing] = useState<Doing | null>(null);
  const [made, setMade] = useState<RouteMade | null>(null);
  const change = useChange();
  const test = useTestOutcome(tenant.api, list.reload);
  const manages = tenant.may('routes.manage');
  const tests = tenant.may('routes.test');
  const close = () => {
    change.clear();
    setDoing(null);
  };
  const run = async (work: () => Promise<unknown>) => {
    if (!(await change.run(work))) return;
    close();
    list.reload();
  };
  const send = (route: Route) =>
    change.run(async () =>
      test.watch(route, await client.change<RouteTest>('POST', `${tenant.api}/routes/${route.id}/test`)),
    );
  return (
    <Page
      title="Routes"
      actions={
        manages && (
          <button type="button" className="primary" onClick={() => setDoing({ what: 'new' })}>
            New route
          </button>
        )
      }
    >
      <p className="lead">A route says who is told of drifts, where and when.</p>
      <p role="status" className="done">
        {test.text}
      </p>
      {change.problem && !doing && <Failure problem={change.problem} />}
      <WholeList
        label="Routes"
        list={list}
        heads={['Route', 'To', 'What', 'State', 'Delivered', ...(manages || tests ? [ActionsHead] : [])]}
        empty={
          <Empty title="Nobody is told of drifts yet">
            {manages
              ? 'Make a route to Slack, a mailbox or a webhook.'
              : 'An admin can make a route to Slack, a mailbox or a webhook.'}
          </Empty>
        }
      >
        {(route) => (
          <tr key={route.id}>
            <th scope="row">
              {route.name}{' '}
              {route.admin && <Badge title="It is also told when another route fails">notices</Badge>}
              <div className="detail">{KINDS[route.kind] ?? route.kind}</div>
            </th>
            <td className="breakable">{route.address}</td>
            <td>
              {route.repos.length ? route.repos.join(', ') : 'all repositories'}, from {route.severity_min}
              <div className="detail">
                {route.digest === 'none'
                  ? 'at once'
                  : route.digest === 'hourly'
                    ? 'hourly digest'
                    : `digest at ${route.digest_hour}:00`}
                {route.quiet_from &&
                  `, quiet ${route.quiet_from.slice(0, 5)}–${route.quiet_to?.slice(0, 5)} ${route.time_zone}`}
              </div>
            </td>
            <td>
              <Status word={route.status} />
              {route.status_reason && <div className="detail">{route.status_reason}</div>}
            </td>
            <td>
              {route.last_delivered_at ? (
                <Time at={route.last_delivered_at} />
              ) : (
                <span className="muted">never</span>
              )}
            </td>
            {(manages || tests) && (
              <td className="row-actions">
                {tests && (
                  <button
                    type="button"
                    className="plain"
                    disabled={change.busy}
                    onClick={() => void send(route)}
                  >
                    Send a test<span className="hidden"> to {route.name}</span>
                  </button>
                )}
                {manages && (
                  <button type="button" className="plain" onClick={() => setDoing({ what: 'remove', route })}>
                    Delete<span className="hidden"> {route.name}</span>
                  </button>
                )}
              </td>
            )}
          </tr>
        )}
      </WholeList>
      <Recent key={test.text} />
      {doing?.what === 'new' && (
        <RouteForm
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={(body) =>
            void run(async () => {
              const answer = await client.change<RouteMade>('POST', `${tenant.api}/routes`, body);
              if (answer.secret) setMade(answer);
            })
          }
        />
      )}
      {doing?.what === 'remove' && (
        <FormDialog
          title={`Delete the route ${doing.route.name}?`}
          submit="Delete"
          danger
          busy={change.busy}
          problem={change.problem}
          onClose={close}
          onSubmit={() => void run(() => client.change('DELETE', `${tenant.api}/routes/${doing.route.id}`))}
        >
          <p>Nothing is sent by it any more. What was sent stays in the list of deliveries.</p>
        </FormDialog>
      )}
      {made?.secret && (
        <Dialog title="The signing secret" onClose={() => setMade(null)}>
          <p>The receiver of {made.route.name} checks signatures with it. It is shown only now.</p>
          <Secret label="Secret" value={made.secret} />
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

function Recent() {
  const tenant = useTenant();
  const list = useList<Delivery>(withQuery(`${tenant.api}/deliveries`, {}), (delivery) => delivery.id);
  return (
    <Card title="Deliveries" wide>
      <WholeList
        label="Deliveries"
        list={{ ...list, seen: () => undefined }}
        heads={['Time', 'Route', 'What', 'State', 'Attempts']}
        empty={<Empty title="Nothing was sent yet" />}
      >
        {(delivery) => (
          <tr key={delivery.id}>
            <td>
              <Time at={delivery.created_at} mode="full" />
            </td>
            <th scope="row">{delivery.route ?? 'removed route'}</th>
            <td>
              {delivery.what} <span className="muted">{delivery.subject}</span>
            </td>
            <td>
              <Status word={delivery.state} />
              {delivery.reason && <div className="detail">{delivery.reason}</div>}
            </td>
            <td className="num">{delivery.attempts}</td>
          </tr>
        )}
      </WholeList>
    </Card>
  );
}
