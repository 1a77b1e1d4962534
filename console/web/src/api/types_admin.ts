// What operators and admins see, as types.ts has what everybody sees.
import type { Chain, Role, TenantName, User } from './types';

export interface Ledger {
  received: number;
  accepted: number;
  rejected: number;
  refused: number;
  appended: number;
  stored: number;
  duplicates: number;
  conflicts: number;
  dead: number;
  in_flight: number;
  unconfirmed: number;
  lost: number;
  overdue: boolean | number;
  balanced: boolean;
}
export interface Lag {
  consumer: string;
  topic: string;
  partition: number;
  position: number;
  end: number | null;
  records: number | null;
  seconds: number | null;
  stopped: string | null;
}
export interface Pipeline {
  ledger: Ledger;
  reasons: { outcome: string; reason: string; traces: number }[];
  minutes: { time: string; stored: number }[];
  lag: Lag[];
  dead_letters: { count: number; newest: string | null };
}
export interface DeadLetter {
  noted_at: string;
  consumer: string;
  reason: string;
  detail: string;
  agent: string | null;
  key_id: string | null;
  received_at: string | null;
  topic: string;
  partition: number;
  offset: number;
  index: number;
}
export interface Agent {
  agent: string;
  last_seen_at: string;
  last_kind: string;
  last_session: string | null;
  version: string | null;
  key_id: string | null;
  traces_24h: number;
  decisions_24h: number;
  escalations_24h: number;
  silent_since: string | null;
  chain: Chain;
}
export interface Member {
  id: string;
  kind: 'member' | 'invitation';
  email: string;
  name: string | null;
  role: Role;
  since: string;
  last_sign_in_at: string | null;
  expires_at: string | null;
  teams: string[];
}
export interface InvitationMade {
  id: string;
  email: string;
  role: Role;
  expires_at: string;
  link: string;
}
export interface Team {
  id: string;
  name: string;
  created_at: string;
  members: User[];
}
export interface Key {
  id: string;
  algorithm: 'v1' | 'v1a';
  status: 'active' | 'retiring' | 'expired' | 'revoked';
  not_after: string | null;
  last_used_at: string | null;
  created_at: string;
}
export interface KeyMade {
  key: Key;
  secret: string | null;
  old?: Key;
}
export type RouteKind = 'slack_webhook' | 'slack_app' | 'email' | 'webhook';
export interface Route {
  id: string;
  name: string;
  kind: RouteKind;
  address: string;
  admin: boolean;
  repos: string[];
  severity_min: string;
  events: string[];
  digest: 'none' | 'hourly' | 'daily';
  digest_hour: number;
  time_zone: string;
  quiet_from: string | null;
  quiet_to: string | null;
  muted_until: string | null;
  status: 'active' | 'failing' | 'disabled';
  status_reason: string | null;
  failures: number;
  last_delivered_at: string | null;
  created_at: string;
}
export interface RouteMade {
  route: Route;
  secret: string | null;
}
export interface Settings {
  tenant: TenantName;
  retention_days: number;
  limits: { traces_per_s: number; burst: number; agent_traces_per_s: number; agent_burst: number };
  redaction: { policy: string; detail: string };
  matchers: { custom: boolean; ids: string[]; words: string[] };
  edge_url: string | null;
  providers: string[];
}
export interface AuditLine {
  id: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
  hash: string;
}
export interface AuditPage {
  items: AuditLine[];
  next_cursor: string | null;
  chain: { verdict: 'ok' | 'broken'; entries: number; first_bad: number | null };
}
export interface RouteTest {
  delivery_id: string;
}
