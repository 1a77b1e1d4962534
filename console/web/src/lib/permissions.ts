// What a page or control needs. The names are the server's (schemas/openapi.yaml, x-permission); what one has comes from /api/v1/me.
import type { Membership } from '../api/types';

export type Permission =
  | 'health.read'
  | 'sessions.read'
  | 'drifts.read'
  | 'pipeline.read'
  | 'agents.read'
  | 'members.read'
  | 'members.manage'
  | 'teams.manage'
  | 'keys.read'
  | 'keys.manage'
  | 'routes.read'
  | 'routes.manage'
  | 'routes.test'
  | 'settings.read'
  | 'audit.read';

export const may = (membership: Membership | undefined, permission: Permission): boolean =>
  membership?.permissions.includes(permission) ?? false;

export interface Place {
  path: string; // below /t/{slug}/
  label: string;
  needs: Permission;
}
export const PLACES: Place[] = [
  { path: 'overview', label: 'Overview', needs: 'health.read' },
  { path: 'repos', label: 'Repositories', needs: 'health.read' },
  { path: 'sessions', label: 'Sessions', needs: 'sessions.read' },
  { path: 'drifts', label: 'Drift', needs: 'drifts.read' },
  { path: 'pipeline', label: 'Pipeline', needs: 'pipeline.read' },
  { path: 'agents', label: 'Agents', needs: 'agents.read' },
];
export const SETTINGS: Place[] = [
  { path: 'settings/members', label: 'Members', needs: 'members.read' },
  { path: 'settings/teams', label: 'Teams', needs: 'members.read' },
  { path: 'settings/keys', label: 'Keys', needs: 'keys.read' },
  { path: 'settings/routes', label: 'Routes', needs: 'routes.read' },
  { path: 'settings/retention', label: 'Retention', needs: 'settings.read' },
  { path: 'settings/audit', label: 'Audit log', needs: 'audit.read' },
];

export const allowed = (places: Place[], membership: Membership | undefined): Place[] =>
  places.filter((place) => may(membership, place.needs));

/** The membership that an address names by slug or id. */
export const membershipOf = (memberships: Membership[], tenant: string): Membership | undefined =>
  memberships.find((m) => m.tenant.slug === tenant || m.tenant.id === tenant);

/** Whether a place of the navigation is the one that is shown; /repo belongs to repos. */
export function isCurrent(place: Place, below: string): boolean {
  const path = below.replace(/[?#].*$/, '').replace(/^repo($|\/)/, 'repos$1');
  return path === place.path || path.startsWith(`${place.path}/`);
}
