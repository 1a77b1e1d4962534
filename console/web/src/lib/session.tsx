// Who is signed in, and for which tenant a page is.
import { createContext, useContext } from 'react';
import type { Me, Membership } from '../api/types';
import { may, type Permission } from './permissions';

export const MeContext = createContext<Me | null>(null);

export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error('useMe outside of a signed-in page');
  return me;
}

export interface Tenant {
  membership: Membership;
  api: string; // /api/v1/tenants/acme
  page: (path: string) => string; // /t/acme/…
  may: (permission: Permission) => boolean;
}
export const TenantContext = createContext<Tenant | null>(null);

export function tenantOf(membership: Membership): Tenant {
  const slug = encodeURIComponent(membership.tenant.slug);
  return {
    membership,
    api: `/api/v1/tenants/${slug}`,
    page: (path) => `/t/${slug}/${path}`,
    may: (permission) => may(membership, permission),
  };
}

export function useTenant(): Tenant {
  const tenant = useContext(TenantContext);
  if (!tenant) throw new Error('useTenant outside of a tenant page');
  return tenant;
}

/** Addresses of pages within a tenant. */
export const repoPath = (repo: string, branch?: string | null) =>
  `repo?repo=${encodeURIComponent(repo)}${branch ? `&branch=${encodeURIComponent(branch)}` : ''}`;
export const sessionPath = (session: string, agent?: string | null) =>
  `sessions/${encodeURIComponent(session)}${agent ? `?agent=${encodeURIComponent(agent)}` : ''}`;
export const driftPath = (id: string) => `drifts/${id}`;
export const reportPath = (id: string) => `reports/${id}`;
