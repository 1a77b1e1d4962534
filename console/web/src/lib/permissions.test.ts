import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Membership } from '../api/types';
import { safeReturn } from './navigation';
import { allowed, isCurrent, may, membershipOf, PLACES, SETTINGS } from './permissions';

const membership = (role: Membership['role'], ...permissions: string[]): Membership => ({
  tenant: { id: 'b7', slug: 'acme', name: 'Acme' },
  role,
  permissions,
});

describe('permissions', () => {
  it('shows what one may see', () => {
    const viewer = membership('viewer', 'health.read', 'drifts.read', 'members.read');
    expect(allowed(PLACES, viewer).map((place) => place.path)).toEqual(['overview', 'repos', 'drifts']);
    expect(allowed(SETTINGS, viewer).map((place) => place.label)).toEqual(['Members', 'Teams']);
    expect(may(viewer, 'keys.manage')).toBe(false);
    expect(may(undefined, 'health.read')).toBe(false);
  });

  it('finds a tenant by slug or id', () => {
    const all = [membership('admin')];
    expect(membershipOf(all, 'acme')).toBe(all[0]);
    expect(membershipOf(all, 'b7')).toBe(all[0]);
    expect(membershipOf(all, 'other')).toBeUndefined();
  });

  it('knows the place of an address', () => {
    const [overview, repos] = PLACES;
    expect(isCurrent(repos!, 'repo?repo=rxjs')).toBe(true);
    expect(isCurrent(repos!, 'repos')).toBe(true);
    expect(isCurrent(repos!, 'reports/1')).toBe(false);
    expect(isCurrent(overview!, 'overview')).toBe(true);
  });

  it('asks only for permissions that the interface has', () => {
    const schema = readFileSync(new URL('../../../../schemas/openapi.yaml', import.meta.url), 'utf8');
    for (const place of [...PLACES, ...SETTINGS]) expect(schema).toContain(`x-permission: ${place.needs}`);
  });

  it('returns to its own paths only', () => {
    expect(safeReturn('/t/acme/drifts?state=open')).toBe('/t/acme/drifts?state=open');
    for (const bad of [null, '', 'https://evil.example', '//evil.example', '/\\evil.example', '/sign-in'])
      expect(safeReturn(bad)).toBe('/');
  });
});
