// The frame around every page of a tenant: where one can go, which tenant it is, who one is, the theme.
import { useEffect, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { client } from '../api/client';
import { forgetAnswers } from '../api/hooks';
import { allowed, isCurrent, PLACES, SETTINGS, type Place } from '../lib/permissions';
import { useMe, useTenant } from '../lib/session';
import { nextTheme, storedTheme, storeTheme, type Theme } from '../lib/theme';

function Places({ places, label }: { places: Place[]; label: string }) {
  const tenant = useTenant();
  const [location] = useLocation();
  const below = location.split('/').slice(3).join('/');
  if (places.length === 0) return null;
  return (
    <nav aria-label={label}>
      <ul>
        {places.map((place) => (
          <li key={place.path}>
            <Link href={tenant.page(place.path)} aria-current={isCurrent(place, below) ? 'page' : undefined}>
              {place.label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const THEME_WORDS: Record<Theme, string> = {
  system: 'Theme: system',
  light: 'Theme: light',
  dark: 'Theme: dark',
};

export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  return (
    <button
      type="button"
      className="plain"
      onClick={() => {
        const next = nextTheme(theme);
        storeTheme(next);
        setTheme(next);
      }}
    >
      {THEME_WORDS[theme]}
    </button>
  );
}

export async function signOut(everywhere: boolean) {
  await client.change('POST', '/auth/sign-out', { everywhere }).catch(() => undefined);
  forgetAnswers();
  window.location.assign('/sign-in');
}

export const Mark = () => (
  <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="7" className="mark-ground" />
    <path d="M16 5v12" className="mark-line" />
    <path d="M11 16h10l-5 11z" className="mark-bob" />
  </svg>
);

export function Shell({ children }: { children: ReactNode }) {
  const me = useMe();
  const tenant = useTenant();
  const [location, navigate] = useLocation();
  const [open, setOpen] = useState(false);
  const settings = allowed(SETTINGS, tenant.membership);
  useEffect(() => setOpen(false), [location]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className={open ? 'side open' : 'side'}>
        <div className="side-top">
          <Link href={tenant.page('overview')} className="brand">
            <Mark /> Plumbline
          </Link>
          <button
            type="button"
            className="menu"
            aria-expanded={open}
            aria-controls="side-rest"
            onClick={() => setOpen(!open)}
          >
            Menu
          </button>
        </div>
        <div className="side-rest" id="side-rest">
          {me.memberships.length > 1 ? (
            <label className="tenant">
              <span className="hidden">Organization</span>
              <select
                value={tenant.membership.tenant.slug}
                onChange={(event) => navigate(`/t/${encodeURIComponent(event.target.value)}/overview`)}
              >
                {me.memberships.map((membership) => (
                  <option key={membership.tenant.id} value={membership.tenant.slug}>
                    {membership.tenant.name}
                  </option>
                ))}
              </select>
            </label>
          ) : (
            <p className="tenant">{tenant.membership.tenant.name}</p>
          )}
          <Places places={allowed(PLACES, tenant.membership)} label="Pages" />
          {settings.length > 0 && <p className="side-title">Settings</p>}
          <Places places={settings} label="Settings" />
          <div className="side-foot">
            <p className="who" title={me.user.email}>
              {me.user.name || me.user.email} <span className="muted">· {tenant.membership.role}</span>
            </p>
            <ThemeButton />
            <button type="button" className="plain" onClick={() => void signOut(false)}>
              Sign out
            </button>
            <button type="button" className="plain" onClick={() => void signOut(true)}>
              Sign out everywhere
            </button>
          </div>
        </div>
      </div>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** The frame of pages without a tenant: sign-in and what is around it. */
export function Plain({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Plumbline`;
  }, [title]);
  return (
    <main className="plain-page" id="main">
      <div className="plain-card">
        <p className="brand">
          <Mark /> Plumbline
        </p>
        <h1>{title}</h1>
        {children}
      </div>
      <ThemeButton />
    </main>
  );
}
