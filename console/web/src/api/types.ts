// What the server answers: the names and shapes of schemas/openapi.yaml (tag console).
export type Role = 'viewer' | 'operator' | 'admin';
export interface TenantName {
  id: string;
  slug: string;
  name: string;
}
export interface User {
  id: string;
  email: string;
  name: string;
}
export interface Membership {
  tenant: TenantName;
  role: Role;
  permissions: string[];
}
export interface Me {
  user: User;
  csrf: string;
  expires_at: string;
  memberships: Membership[];
}
export interface SignIn {
  providers: { id: string; name: string }[];
  setup_available: boolean;
}
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface HealthPart {
  name: 'score' | 'pass_rate' | 'steady' | 'coverage';
  value: number | null;
  weight: number;
  trend: number | null;
  detail: string;
}
export interface Health {
  score: number;
  trend: number | null;
  as_of: string;
  pass_rate: number | null;
  coverage: number | null;
  parts: HealthPart[];
}
export interface Overview {
  health: Health | null;
  history: { time: string; score: number | null }[];
  worst_repos: Repo[];
  open_drifts: Drift[];
  rate: { events_per_s_5m: number };
  counts: { repos: number; agents: number; sessions_24h: number; open_drifts: number };
}
export interface Repo {
  repo: string;
  branch: string;
  score: number | null;
  health: number | null;
  status: string;
  last_report_at: string;
  report_id: string;
  commit: string | null;
  version: string | null;
  violations_total: number;
  open_drifts: number;
  pass_rate_30d: number | null;
}
export interface Report {
  time: string;
  report_id: string;
  agent: string;
  commit: string | null;
  version: string | null;
  status: string;
  score: number | null;
  ai_health_score: number | null;
  structural_score: number | null;
  duration_ms: number | null;
  violations_total: number;
}
export interface RepoDetail {
  repo: string;
  branch: string;
  branches: string[];
  latest: Repo;
  series: Report[];
  gates: { gate: string; status: string; violations: number; last_fail_at?: string | null }[];
  drifts: Drift[];
}
export interface Violation {
  ordinal: number;
  gate: string;
  title: string | null;
  severity: string | null;
  provenance: string | null;
  category: string | null;
  file: string | null;
  files: number;
  line: number | null;
  end_line: number | null;
  details: string | null;
}
export interface ReportDetail {
  report: Report & { repo: string | null; branch: string | null; received_at: string };
  violations: Violation[];
  gates: { gate: string; status: string }[];
}

export interface Chain {
  verdict: 'ok' | 'gap' | 'forked' | 'broken' | 'none' | 'unknown';
  entries?: number;
  verified?: number;
  gaps?: number;
  forks?: number;
  breaks?: number;
}
export interface Session {
  session_id: string;
  agent: string;
  started_at: string;
  last_at: string;
  events: number;
  decisions: number;
  escalations: number;
  max_risk: number | null;
  tokens_in: number;
  tokens_out: number;
  repo: string | null;
  chain: Chain;
}
export interface TimelineItem {
  id: string;
  time: string;
  kind: string;
  agent: string;
  action: string | null;
  risk: number | null;
  risk_category: string | null;
  escalated: boolean;
  policy_rule: string | null;
  policy_hash: string | null;
  confidence: string | null;
  prompt_type: string | null;
  autonomy_mode: string | null;
  summary: string;
  tool: string | null;
  model: string | null;
  tokens_in: number | null;
  tokens_out: number | null;
  duration_ms: number | null;
  status: string | null;
  repo: string | null;
  branch: string | null;
  commit: string | null;
  data: Record<string, unknown>;
}
export interface SessionDetail extends Page<TimelineItem> {
  session: Session;
  chain: Chain;
}

export interface Drift {
  id: string;
  incident_id: string;
  repo: string;
  branch: string;
  state: 'open' | 'resolved';
  severity: string;
  opened_at: string;
  opened_report: string;
  opened_commit: string | null;
  opened_version: string | null;
  passing_since: string;
  previous_at: string;
  previous_report: string;
  previous_commit: string | null;
  previous_version: string | null;
  updated_at: string;
  resolved_at: string | null;
  resolved_report: string | null;
  resolved_commit: string | null;
  resolved_version: string | null;
  cause: string;
  violations_total: number;
}
export interface DriftViolation {
  id?: string;
  title?: string | null;
  severity?: string | null;
  files?: string[];
}
export interface DriftEvent {
  id: string;
  type: string;
  time: string;
  recorded_at: string;
  notify: boolean;
  late: boolean;
  correction: boolean;
  withdrawn: boolean;
  summary: string;
}
export interface DriftDetail extends Drift {
  violations: DriftViolation[];
  deliveries: Delivery[];
  events: DriftEvent[];
}
export interface Delivery {
  id: string;
  created_at: string;
  route_id: string;
  route: string | null;
  route_kind: string;
  what: string;
  subject: string | null;
  drift_id: string | null;
  state: 'pending' | 'claimed' | 'delivered' | 'failed' | 'skipped';
  reason: string | null;
  resend: boolean;
  attempts: number;
  due_at: string;
  finished_at: string | null;
}
