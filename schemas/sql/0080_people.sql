-- People of the console: who they are, what they may do in which tenant, how they came in (docs/console.md).
--
-- Tokens and codes are 32 random bytes; only their SHA-256 is kept. The control role alone works on these; a tenant's reader
-- sees its memberships, teams and invitations. A user is no tenant's: one person may be a member of several.

CREATE TABLE plumbline.users (
  id              uuid        PRIMARY KEY,
  email           text        NOT NULL CHECK (length(email) BETWEEN 1 AND 254),
  name            text        NOT NULL CHECK (length(name) <= 200),
  created_at      timestamptz NOT NULL DEFAULT now(),
  last_sign_in_at timestamptz,
  disabled_at     timestamptz
);

CREATE TABLE plumbline.user_identities (
  provider   text        NOT NULL,
  subject    text        NOT NULL,
  user_id    uuid        NOT NULL REFERENCES plumbline.users (id),
  email      text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (provider, subject)
);
CREATE INDEX user_identities_user ON plumbline.user_identities (user_id);

CREATE TABLE plumbline.memberships (
  tenant_id  uuid        NOT NULL REFERENCES plumbline.tenants (id),
  user_id    uuid        NOT NULL REFERENCES plumbline.users (id),
  role       text        NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  created_by text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX memberships_user ON plumbline.memberships (user_id);

CREATE TABLE plumbline.invitations (
  tenant_id   uuid        NOT NULL REFERENCES plumbline.tenants (id),
  id          uuid        NOT NULL,
  email       text        NOT NULL,
  role        text        NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  token_hash  bytea       NOT NULL,
  created_by  text        NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL,
  accepted_at timestamptz,
  accepted_by uuid        REFERENCES plumbline.users (id),
  revoked_at  timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX invitations_token ON plumbline.invitations (token_hash);
CREATE INDEX invitations_email ON plumbline.invitations (lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL;

CREATE TABLE plumbline.setup_links (
  tenant_id  uuid        NOT NULL REFERENCES plumbline.tenants (id),
  token_hash bytea       NOT NULL,
  email      text        NOT NULL,
  role       text        NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  created_by text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  PRIMARY KEY (tenant_id, token_hash)
);
CREATE INDEX setup_links_token ON plumbline.setup_links (token_hash);

CREATE TABLE plumbline.teams (
  tenant_id  uuid        NOT NULL REFERENCES plumbline.tenants (id),
  id         uuid        NOT NULL,
  name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE plumbline.team_members (
  tenant_id uuid NOT NULL,
  team_id   uuid NOT NULL,
  user_id   uuid NOT NULL,
  PRIMARY KEY (tenant_id, team_id, user_id),
  FOREIGN KEY (tenant_id, team_id) REFERENCES plumbline.teams (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES plumbline.memberships (tenant_id, user_id) ON DELETE CASCADE
);

CREATE TABLE plumbline.user_sessions (
  id           uuid        PRIMARY KEY,
  user_id      uuid        NOT NULL REFERENCES plumbline.users (id),
  client       text        NOT NULL CHECK (client IN ('browser', 'plumb')),
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL,
  refreshed_at timestamptz NOT NULL DEFAULT now(),
  ended_at     timestamptz,
  ended_why    text
);
CREATE INDEX user_sessions_user ON plumbline.user_sessions (user_id) WHERE ended_at IS NULL;

CREATE TABLE plumbline.refresh_tokens (
  token_hash bytea       PRIMARY KEY,
  session_id uuid        NOT NULL REFERENCES plumbline.user_sessions (id) ON DELETE CASCADE,
  issued_at  timestamptz NOT NULL DEFAULT now(),
  used_at    timestamptz
);
CREATE INDEX refresh_tokens_session ON plumbline.refresh_tokens (session_id);

CREATE TABLE plumbline.sign_in_codes (
  code_hash    bytea       PRIMARY KEY,
  kind         text        NOT NULL CHECK (kind IN ('device', 'loopback')),
  user_code    text        UNIQUE,
  user_id      uuid        REFERENCES plumbline.users (id),
  challenge    text,
  redirect_uri text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL,
  polled_at    timestamptz,
  denied_at    timestamptz,
  used_at      timestamptz
);
CREATE INDEX sign_in_codes_expiry ON plumbline.sign_in_codes (expires_at);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['memberships', 'invitations', 'setup_links', 'teams', 'team_members'] LOOP
    EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_rows ON plumbline.%I TO plumbline_reader, plumbline_analyst, plumbline_owner
                    USING (tenant_id = (SELECT nullif(current_setting(''plumbline.tenant'', true), '''')::uuid))', name);
    EXECUTE format('CREATE POLICY control_all ON plumbline.%I TO plumbline_control USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON plumbline.%I TO plumbline_control', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['users', 'user_identities', 'user_sessions', 'refresh_tokens', 'sign_in_codes'] LOOP
    EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY control_all ON plumbline.%I TO plumbline_control USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON plumbline.%I TO plumbline_control', name);
  END LOOP;
END
$$;
-- Not the hashes of tokens.
GRANT SELECT ON plumbline.memberships, plumbline.teams, plumbline.team_members TO plumbline_reader, plumbline_analyst;
GRANT SELECT (tenant_id, id, email, role, created_by, created_at, expires_at, accepted_at, accepted_by, revoked_at)
  ON plumbline.invitations TO plumbline_reader, plumbline_analyst;
GRANT SELECT (tenant_id, email, role, created_by, created_at, expires_at, used_at) ON plumbline.setup_links
  TO plumbline_reader, plumbline_analyst;
-- The names of a tenant's members, to whom has the tenant.
CREATE POLICY members_of_tenant ON plumbline.users FOR SELECT TO plumbline_reader
  USING (EXISTS (SELECT FROM plumbline.memberships m WHERE m.user_id = users.id));
GRANT SELECT (id, email, name, last_sign_in_at) ON plumbline.users TO plumbline_reader;
-- Where the consumers are, for the console's lag: no tenant's rows.
GRANT SELECT ON plumbline.positions TO plumbline_reader;

COMMENT ON TABLE plumbline.users IS 'People who may sign in to the console.';
COMMENT ON COLUMN plumbline.users.id IS 'The user''s id.';
COMMENT ON COLUMN plumbline.users.email IS 'As the provider or the link said it last; for people, not for deciding who somebody is.';
COMMENT ON COLUMN plumbline.users.name IS 'Name for people; may be empty.';
COMMENT ON COLUMN plumbline.users.created_at IS 'When they first signed in.';
COMMENT ON COLUMN plumbline.users.last_sign_in_at IS 'When they last signed in.';
COMMENT ON COLUMN plumbline.users.disabled_at IS 'Since when they may not sign in.';
COMMENT ON TABLE plumbline.user_identities IS 'How a user proves to be that user: the only thing a sign-in goes by.';
COMMENT ON COLUMN plumbline.user_identities.provider IS 'oidc ISSUER, google, github, or link (an operator''s one-time link).';
COMMENT ON COLUMN plumbline.user_identities.subject IS 'The provider''s own id of the person.';
COMMENT ON COLUMN plumbline.user_identities.user_id IS 'The user.';
COMMENT ON COLUMN plumbline.user_identities.email IS 'What the provider gave at the first time.';
COMMENT ON COLUMN plumbline.user_identities.created_at IS 'When it was seen first.';
COMMENT ON TABLE plumbline.memberships IS 'Who may see a tenant, and as what.';
COMMENT ON COLUMN plumbline.memberships.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.memberships.user_id IS 'The user.';
COMMENT ON COLUMN plumbline.memberships.role IS 'viewer reads; operator manages keys and agents; admin manages the tenant.';
COMMENT ON COLUMN plumbline.memberships.created_by IS 'Who let them in.';
COMMENT ON COLUMN plumbline.memberships.created_at IS 'Since when.';
COMMENT ON TABLE plumbline.invitations IS 'Who was asked to join a tenant: by a link that works once, or by signing in with that address.';
COMMENT ON COLUMN plumbline.invitations.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.invitations.id IS 'The invitation.';
COMMENT ON COLUMN plumbline.invitations.email IS 'Mail address that was invited.';
COMMENT ON COLUMN plumbline.invitations.role IS 'Role they will have.';
COMMENT ON COLUMN plumbline.invitations.token_hash IS 'SHA-256 of the link''s token.';
COMMENT ON COLUMN plumbline.invitations.created_by IS 'Who invited.';
COMMENT ON COLUMN plumbline.invitations.created_at IS 'When.';
COMMENT ON COLUMN plumbline.invitations.expires_at IS 'Until when it works.';
COMMENT ON COLUMN plumbline.invitations.accepted_at IS 'When it was taken; null: open.';
COMMENT ON COLUMN plumbline.invitations.accepted_by IS 'Who took it.';
COMMENT ON COLUMN plumbline.invitations.revoked_at IS 'When it was taken back; null: it was not.';
COMMENT ON TABLE plumbline.setup_links IS 'One-time links that an operator made on the server, such as for the first admin.';
COMMENT ON COLUMN plumbline.setup_links.tenant_id IS 'Tenant they lead into.';
COMMENT ON COLUMN plumbline.setup_links.token_hash IS 'SHA-256 of the link''s token.';
COMMENT ON COLUMN plumbline.setup_links.email IS 'Who it is for; the same address is the same user each time.';
COMMENT ON COLUMN plumbline.setup_links.role IS 'Role they will have.';
COMMENT ON COLUMN plumbline.setup_links.created_by IS 'Operating-system user who made it.';
COMMENT ON COLUMN plumbline.setup_links.created_at IS 'When.';
COMMENT ON COLUMN plumbline.setup_links.expires_at IS 'Until when it works.';
COMMENT ON COLUMN plumbline.setup_links.used_at IS 'When it was used; null: not yet.';
COMMENT ON TABLE plumbline.teams IS 'Groups of members.';
COMMENT ON COLUMN plumbline.teams.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.teams.id IS 'The team.';
COMMENT ON COLUMN plumbline.teams.name IS 'Name, unique in the tenant.';
COMMENT ON COLUMN plumbline.teams.created_at IS 'When it was made.';
COMMENT ON TABLE plumbline.team_members IS 'Which members are in which team.';
COMMENT ON COLUMN plumbline.team_members.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.team_members.team_id IS 'The team.';
COMMENT ON COLUMN plumbline.team_members.user_id IS 'The member.';
COMMENT ON TABLE plumbline.user_sessions IS 'Signed-in browsers and command lines: each a family of refresh tokens.';
COMMENT ON COLUMN plumbline.user_sessions.id IS 'The session; access tokens name it, and end with it.';
COMMENT ON COLUMN plumbline.user_sessions.user_id IS 'The user.';
COMMENT ON COLUMN plumbline.user_sessions.client IS 'browser or plumb.';
COMMENT ON COLUMN plumbline.user_sessions.created_at IS 'When they signed in.';
COMMENT ON COLUMN plumbline.user_sessions.expires_at IS 'When they must sign in again, whatever they do.';
COMMENT ON COLUMN plumbline.user_sessions.refreshed_at IS 'When it last got a new access token.';
COMMENT ON COLUMN plumbline.user_sessions.ended_at IS 'When it was ended; null: it was not.';
COMMENT ON COLUMN plumbline.user_sessions.ended_why IS 'signed_out, everywhere, reuse (of an old refresh token) or removed.';
COMMENT ON TABLE plumbline.refresh_tokens IS 'Refresh tokens: each works once; a second use ends its session.';
COMMENT ON COLUMN plumbline.refresh_tokens.token_hash IS 'SHA-256 of the token.';
COMMENT ON COLUMN plumbline.refresh_tokens.session_id IS 'Its session.';
COMMENT ON COLUMN plumbline.refresh_tokens.issued_at IS 'When it was given.';
COMMENT ON COLUMN plumbline.refresh_tokens.used_at IS 'When it was used; null: not yet.';
COMMENT ON TABLE plumbline.sign_in_codes IS 'Command lines that wait to be let in: device codes (RFC 8628) and codes for a loopback redirect (RFC 8252).';
COMMENT ON COLUMN plumbline.sign_in_codes.code_hash IS 'SHA-256 of the code that the command line holds.';
COMMENT ON COLUMN plumbline.sign_in_codes.kind IS 'device or loopback.';
COMMENT ON COLUMN plumbline.sign_in_codes.user_code IS 'device: what a person types.';
COMMENT ON COLUMN plumbline.sign_in_codes.user_id IS 'Who let it in; null: nobody yet.';
COMMENT ON COLUMN plumbline.sign_in_codes.challenge IS 'loopback: PKCE challenge, S256.';
COMMENT ON COLUMN plumbline.sign_in_codes.redirect_uri IS 'loopback: where the code went; must be said again.';
COMMENT ON COLUMN plumbline.sign_in_codes.created_at IS 'When it was made.';
COMMENT ON COLUMN plumbline.sign_in_codes.expires_at IS 'Until when it works.';
COMMENT ON COLUMN plumbline.sign_in_codes.polled_at IS 'device: when the command line last asked.';
COMMENT ON COLUMN plumbline.sign_in_codes.denied_at IS 'device: when it was refused.';
COMMENT ON COLUMN plumbline.sign_in_codes.used_at IS 'When tokens were given for it.';
SELECT plumbline.bind_analysts();
