-- Notifications: routes of a tenant, what was to be sent by them and what became of it (docs/notifications.md).
--
-- The writer role works on all of these: the notify consumer records events and deliveries, its senders claim and finish them.
-- Secrets of routes are sealed under the master key. Times that decide about a message come from the notify process's clock;
-- leases, which processes of different machines compare, from the database's.

CREATE TABLE plumbline.notify_routes (
  tenant_id         uuid        NOT NULL REFERENCES plumbline.tenants (id),
  route_id          uuid        NOT NULL,
  name              text        NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  kind              text        NOT NULL CHECK (kind IN ('slack_webhook', 'slack_app', 'email', 'webhook')),
  address           text        NOT NULL CHECK (length(address) BETWEEN 1 AND 2000),
  sealed_secret     bytea,
  lane              text        NOT NULL,
  admin             boolean     NOT NULL DEFAULT false,
  repos             text[]      NOT NULL DEFAULT '{}' CHECK (cardinality(repos) <= 100),
  severity_min      text        NOT NULL DEFAULT 'info' CHECK (severity_min IN ('info', 'low', 'medium', 'high', 'critical')),
  events            text[]      NOT NULL DEFAULT '{drift.opened,drift.updated,drift.resolved}'
                                CHECK (cardinality(events) BETWEEN 1 AND 20),
  digest            text        NOT NULL DEFAULT 'none' CHECK (digest IN ('none', 'hourly', 'daily')),
  digest_hour       integer     NOT NULL DEFAULT 9 CHECK (digest_hour BETWEEN 0 AND 23),
  time_zone         text        NOT NULL DEFAULT 'UTC',
  quiet_from        time,
  quiet_to          time,
  critical_passes   boolean     NOT NULL DEFAULT true,
  muted_until       timestamptz,
  status            text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'failing', 'disabled')),
  status_reason     text,
  failures          integer     NOT NULL DEFAULT 0,
  failing_since     timestamptz,
  last_delivered_at timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, route_id),
  UNIQUE (tenant_id, name),
  CONSTRAINT notify_routes_quiet CHECK ((quiet_from IS NULL) = (quiet_to IS NULL) AND quiet_from IS DISTINCT FROM quiet_to
                                        OR quiet_from IS NULL AND quiet_to IS NULL)
);

CREATE TABLE plumbline.notify_events (
  tenant_id   uuid        NOT NULL,
  event_id    uuid        NOT NULL,
  type        text        NOT NULL,
  time        timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  body        text        COMPRESSION lz4 NOT NULL,
  noted_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX notify_events_noted ON plumbline.notify_events (tenant_id, noted_at);

CREATE TABLE plumbline.notify_deliveries (
  tenant_id    uuid        NOT NULL,
  delivery_id  uuid        NOT NULL,
  seq          bigint      GENERATED ALWAYS AS IDENTITY,
  route_id     uuid        NOT NULL,
  event_id     uuid,
  lane         text        NOT NULL,
  kind         text        NOT NULL,
  content      text        NOT NULL CHECK (content IN ('event', 'digest', 'test', 'notice')),
  notice       jsonb,
  thread_id    uuid,
  message_id   uuid,
  urgent       boolean     NOT NULL DEFAULT false,
  state        text        NOT NULL CHECK (state IN ('pending', 'claimed', 'delivered', 'failed', 'skipped')),
  reason       text,
  resend       boolean     NOT NULL DEFAULT false,
  attempts     integer     NOT NULL DEFAULT 0,
  due_at       timestamptz NOT NULL,
  claimed_by   uuid,
  claimed_at   timestamptz,
  finished_at  timestamptz,
  external_ref text,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, delivery_id)
);
-- One delivery for each event and route, however often the event is read.
CREATE UNIQUE INDEX notify_deliveries_once ON plumbline.notify_deliveries (tenant_id, route_id, event_id);
CREATE INDEX notify_deliveries_open ON plumbline.notify_deliveries (tenant_id, lane, due_at, seq)
  WHERE state IN ('pending', 'claimed');
CREATE INDEX notify_deliveries_thread ON plumbline.notify_deliveries (tenant_id, route_id, thread_id, seq)
  WHERE state IN ('pending', 'claimed');
CREATE INDEX notify_deliveries_recent ON plumbline.notify_deliveries (tenant_id, created_at);

CREATE TABLE plumbline.notify_lanes (
  tenant_id    uuid        NOT NULL,
  lane         text        NOT NULL,
  due_at       timestamptz NOT NULL DEFAULT 'infinity',
  not_before   timestamptz NOT NULL DEFAULT '-infinity',
  owner        uuid,
  leased_until timestamptz,
  PRIMARY KEY (tenant_id, lane)
) WITH (fillfactor = 70);
CREATE INDEX notify_lanes_due ON plumbline.notify_lanes (due_at) WHERE due_at < 'infinity';

CREATE TABLE plumbline.notify_threads (
  tenant_id  uuid        NOT NULL,
  route_id   uuid        NOT NULL,
  thread_id  uuid        NOT NULL,
  first_ref  text        NOT NULL,
  last_ref   text        NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, route_id, thread_id)
);

CREATE TABLE plumbline.notify_unsubscribes (
  tenant_id uuid        NOT NULL,
  route_id  uuid        NOT NULL,
  address   text        NOT NULL,
  how       text        NOT NULL CHECK (how IN ('one_click', 'page')),
  at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, route_id, address)
);

-- When the quiet hours that `at` lies in end; null outside of them. Local times of the zone, so that they follow its
-- daylight saving: an end that does not exist on the day is the moment after the gap, one that comes twice is the later.
CREATE FUNCTION plumbline.notify_quiet_until(at timestamptz, zone text, quiet_from time, quiet_to time) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN quiet_from IS NULL THEN NULL
    WHEN quiet_from < quiet_to AND l::time >= quiet_from AND l::time < quiet_to
      THEN greatest((l::date + quiet_to) AT TIME ZONE zone, at + interval '1 minute')
    WHEN quiet_from > quiet_to AND l::time >= quiet_from
      THEN greatest((l::date + 1 + quiet_to) AT TIME ZONE zone, at + interval '1 minute')
    WHEN quiet_from > quiet_to AND l::time < quiet_to
      THEN greatest((l::date + quiet_to) AT TIME ZONE zone, at + interval '1 minute')
  END FROM (SELECT at AT TIME ZONE zone AS l) x
$$;

-- The next moment after `at` at which a digest leaves: the full hour, or that hour of the day in the zone.
CREATE FUNCTION plumbline.notify_digest_at(at timestamptz, zone text, digest text, hour integer) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN digest = 'hourly' THEN date_trunc('hour', at, zone) + interval '1 hour'
    WHEN digest = 'daily' THEN
      CASE WHEN (l::date + make_interval(hours => hour)) AT TIME ZONE zone > at
        THEN (l::date + make_interval(hours => hour)) AT TIME ZONE zone
        ELSE (l::date + 1 + make_interval(hours => hour)) AT TIME ZONE zone END
    ELSE at
  END FROM (SELECT at AT TIME ZONE zone AS l) x
$$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['notify_routes', 'notify_events', 'notify_deliveries', 'notify_lanes', 'notify_threads',
                              'notify_unsubscribes'] LOOP
    EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_rows ON plumbline.%I TO plumbline_reader, plumbline_analyst, plumbline_owner
                    USING (tenant_id = (SELECT nullif(current_setting(''plumbline.tenant'', true), '''')::uuid))', name);
    EXECUTE format('CREATE POLICY writer_all ON plumbline.%I TO plumbline_writer USING (true) WITH CHECK (true)', name);
    EXECUTE format('CREATE POLICY control_all ON plumbline.%I TO plumbline_control USING (true) WITH CHECK (true)', name);
  END LOOP;
END
$$;
GRANT SELECT (tenant_id, route_id, name, kind, address, lane, admin, repos, severity_min, events, digest, digest_hour, time_zone,
              quiet_from, quiet_to, critical_passes, muted_until, status, status_reason, failures, failing_since,
              last_delivered_at, created_at, updated_at)
  ON plumbline.notify_routes TO plumbline_reader, plumbline_analyst;  -- not the sealed secret
GRANT SELECT ON plumbline.notify_events, plumbline.notify_deliveries, plumbline.notify_lanes, plumbline.notify_threads,
                plumbline.notify_unsubscribes TO plumbline_reader, plumbline_analyst;

GRANT SELECT ON plumbline.notify_routes TO plumbline_writer;
GRANT UPDATE (status, status_reason, failures, failing_since, last_delivered_at, updated_at)
  ON plumbline.notify_routes TO plumbline_writer;
GRANT SELECT, INSERT, DELETE ON plumbline.notify_events TO plumbline_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON plumbline.notify_deliveries, plumbline.notify_lanes, plumbline.notify_threads
  TO plumbline_writer;
GRANT SELECT, INSERT ON plumbline.notify_unsubscribes TO plumbline_writer;
GRANT SELECT (slug, name) ON plumbline.tenants TO plumbline_writer;

GRANT SELECT, INSERT, UPDATE, DELETE ON plumbline.notify_routes TO plumbline_control;
GRANT SELECT, INSERT, UPDATE ON plumbline.notify_deliveries, plumbline.notify_lanes TO plumbline_control;
GRANT SELECT, DELETE ON plumbline.notify_unsubscribes TO plumbline_control;

COMMENT ON TABLE plumbline.notify_routes IS 'Where a tenant wants its notifications: one destination with its filter and times.';
COMMENT ON COLUMN plumbline.notify_routes.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.notify_routes.route_id IS 'The route''s id.';
COMMENT ON COLUMN plumbline.notify_routes.name IS 'Name for command lines, one of its kind in the tenant.';
COMMENT ON COLUMN plumbline.notify_routes.kind IS 'slack_webhook, slack_app, email or webhook.';
COMMENT ON COLUMN plumbline.notify_routes.address IS
  'Slack channel id, mail address or URL; of a Slack webhook, whose URL is a secret, a name for people.';
COMMENT ON COLUMN plumbline.notify_routes.sealed_secret IS
  'Webhook URL, bot token or signing secrets, a line each, newest first; sealed and bound to tenant and route.';
COMMENT ON COLUMN plumbline.notify_routes.lane IS
  'Messages of one lane leave one after another: the route''s own, or shared by the routes to one Slack channel.';
COMMENT ON COLUMN plumbline.notify_routes.admin IS 'Notices about other routes go here.';
COMMENT ON COLUMN plumbline.notify_routes.repos IS 'Globs of repositories or agents (* within a path part, ** across); empty: all.';
COMMENT ON COLUMN plumbline.notify_routes.severity_min IS 'Least severity that is sent.';
COMMENT ON COLUMN plumbline.notify_routes.events IS 'Types of drift.v1 that are sent; * stands for all.';
COMMENT ON COLUMN plumbline.notify_routes.digest IS 'none: each event by itself; hourly, daily: gathered into one message.';
COMMENT ON COLUMN plumbline.notify_routes.digest_hour IS 'Hour of the day, in time_zone, at which the daily digest leaves.';
COMMENT ON COLUMN plumbline.notify_routes.time_zone IS 'IANA name; of quiet hours and digests.';
COMMENT ON COLUMN plumbline.notify_routes.quiet_from IS 'Start of the quiet hours, local time; null: none.';
COMMENT ON COLUMN plumbline.notify_routes.quiet_to IS 'End of the quiet hours; before the start: on the next day.';
COMMENT ON COLUMN plumbline.notify_routes.critical_passes IS 'Critical events are sent in quiet hours all the same.';
COMMENT ON COLUMN plumbline.notify_routes.muted_until IS 'Events before this are recorded as skipped; infinity: until unmuted.';
COMMENT ON COLUMN plumbline.notify_routes.status IS
  'active; failing: the last attempts failed; disabled: nothing is sent until it is enabled again.';
COMMENT ON COLUMN plumbline.notify_routes.status_reason IS 'Why it is failing or disabled.';
COMMENT ON COLUMN plumbline.notify_routes.failures IS 'Attempts that failed since the last delivery.';
COMMENT ON COLUMN plumbline.notify_routes.failing_since IS 'When the first of them failed.';
COMMENT ON COLUMN plumbline.notify_routes.last_delivered_at IS 'When something was delivered last.';
COMMENT ON COLUMN plumbline.notify_routes.created_at IS 'When it was made.';
COMMENT ON COLUMN plumbline.notify_routes.updated_at IS 'When it changed last.';
COMMENT ON TABLE plumbline.notify_events IS 'Events of drift.v1 that were to be notified, each once.';
COMMENT ON COLUMN plumbline.notify_events.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.notify_events.event_id IS 'Id of the event, the same however often it is published.';
COMMENT ON COLUMN plumbline.notify_events.type IS 'drift.opened, drift.updated, drift.resolved, ...';
COMMENT ON COLUMN plumbline.notify_events.time IS 'When it happened.';
COMMENT ON COLUMN plumbline.notify_events.recorded_at IS 'When it was found.';
COMMENT ON COLUMN plumbline.notify_events.body IS 'The event as it came: JSON of schemas/topics/drift.v1.json.';
COMMENT ON COLUMN plumbline.notify_events.noted_at IS 'When notify read it.';
COMMENT ON TABLE plumbline.notify_deliveries IS 'One event to one route (or a test, or a notice), and what became of it.';
COMMENT ON COLUMN plumbline.notify_deliveries.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.notify_deliveries.delivery_id IS 'Its id.';
COMMENT ON COLUMN plumbline.notify_deliveries.seq IS 'Order.';
COMMENT ON COLUMN plumbline.notify_deliveries.route_id IS 'Route; it may have been removed since.';
COMMENT ON COLUMN plumbline.notify_deliveries.event_id IS 'Event; null of a test or notice.';
COMMENT ON COLUMN plumbline.notify_deliveries.lane IS 'Lane of the route.';
COMMENT ON COLUMN plumbline.notify_deliveries.kind IS 'Kind of the route.';
COMMENT ON COLUMN plumbline.notify_deliveries.content IS 'event, digest (a part of one), test or notice.';
COMMENT ON COLUMN plumbline.notify_deliveries.notice IS 'Title and text of a test or notice.';
COMMENT ON COLUMN plumbline.notify_deliveries.thread_id IS 'Incident: deliveries of one go out in order.';
COMMENT ON COLUMN plumbline.notify_deliveries.message_id IS
  'Id of the message that holds it, the same in every attempt; parts of one digest share it. Null: not tried yet.';
COMMENT ON COLUMN plumbline.notify_deliveries.urgent IS 'Passes quiet hours.';
COMMENT ON COLUMN plumbline.notify_deliveries.state IS
  'pending; claimed: being sent; delivered; failed: given up, see reason; skipped: not to be sent, see reason.';
COMMENT ON COLUMN plumbline.notify_deliveries.reason IS 'Why it failed, was skipped or is tried again.';
COMMENT ON COLUMN plumbline.notify_deliveries.resend IS 'An earlier attempt may have arrived: the message says so.';
COMMENT ON COLUMN plumbline.notify_deliveries.attempts IS 'Attempts that were begun.';
COMMENT ON COLUMN plumbline.notify_deliveries.due_at IS 'Not before this.';
COMMENT ON COLUMN plumbline.notify_deliveries.claimed_by IS 'Sender of the attempt under way or the last one.';
COMMENT ON COLUMN plumbline.notify_deliveries.claimed_at IS 'When that attempt began.';
COMMENT ON COLUMN plumbline.notify_deliveries.finished_at IS 'When it was delivered, given up or skipped.';
COMMENT ON COLUMN plumbline.notify_deliveries.external_ref IS 'What the other side calls it: Slack channel and ts, Message-ID.';
COMMENT ON COLUMN plumbline.notify_deliveries.created_at IS 'When it was made.';
COMMENT ON TABLE plumbline.notify_lanes IS 'Queues of deliveries, each worked on by one sender at a time.';
COMMENT ON COLUMN plumbline.notify_lanes.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.notify_lanes.lane IS 'Name, see notify_routes.lane.';
COMMENT ON COLUMN plumbline.notify_lanes.due_at IS 'When its next delivery is due; infinity: it has none.';
COMMENT ON COLUMN plumbline.notify_lanes.not_before IS 'Nothing is sent before: pace, backoff, Retry-After.';
COMMENT ON COLUMN plumbline.notify_lanes.owner IS 'Sender at work; null: none.';
COMMENT ON COLUMN plumbline.notify_lanes.leased_until IS 'Until when it may be; then what it claimed is sent again, flagged.';
COMMENT ON TABLE plumbline.notify_threads IS 'What the other side calls the messages of an incident, to edit or to answer them.';
COMMENT ON COLUMN plumbline.notify_threads.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.notify_threads.route_id IS 'Route.';
COMMENT ON COLUMN plumbline.notify_threads.thread_id IS 'Incident.';
COMMENT ON COLUMN plumbline.notify_threads.first_ref IS 'Its first message.';
COMMENT ON COLUMN plumbline.notify_threads.last_ref IS 'Its latest message.';
COMMENT ON COLUMN plumbline.notify_threads.updated_at IS 'When the latest was delivered.';
COMMENT ON TABLE plumbline.notify_unsubscribes IS 'Mail addresses that asked for no more mail by a route.';
COMMENT ON COLUMN plumbline.notify_unsubscribes.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.notify_unsubscribes.route_id IS 'Route.';
COMMENT ON COLUMN plumbline.notify_unsubscribes.address IS 'The address.';
COMMENT ON COLUMN plumbline.notify_unsubscribes.how IS 'one_click (RFC 8058, by the mail program) or page (a person confirmed).';
COMMENT ON COLUMN plumbline.notify_unsubscribes.at IS 'When.';
COMMENT ON FUNCTION plumbline.notify_quiet_until(timestamptz, text, time, time) IS 'End of the quiet hours that a moment lies in; null outside.';
COMMENT ON FUNCTION plumbline.notify_digest_at(timestamptz, text, text, integer) IS 'When the digest that gathers a moment''s events leaves.';
