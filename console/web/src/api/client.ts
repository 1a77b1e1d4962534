// The one way to the server: adds the CSRF value, renews the session once after a 401, and turns problem+json into Problem.

/** An answer that is no success, in the words the server found (RFC 9457), or why there is none. */
export class Problem extends Error {
  constructor(
    readonly status: number, // 0: no answer came
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
    this.name = 'Problem';
  }
}

interface Kept {
  etag: string;
  body: unknown;
}

export interface ClientOptions {
  fetch?: typeof fetch;
  /** Called when the session is over for good: a refresh was refused too. */
  onSignedOut?: () => void;
}

const KEPT_MAX = 60; // answers kept for If-None-Match: some pages back and forth

export class Client {
  private csrf = '';
  private refreshing: Promise<boolean> | null = null;
  private readonly kept = new Map<string, Kept>();
  private readonly fetch: typeof fetch;
  onSignedOut: () => void;

  constructor(options: ClientOptions = {}) {
    this.fetch = options.fetch ?? ((...args) => fetch(...args));
    this.onSignedOut = options.onSignedOut ?? (() => {});
  }

  setCsrf(value: string) {
    this.csrf = value;
  }

  forget() {
    this.csrf = '';
    this.kept.clear();
  }

  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const known = this.kept.get(path);
    const response = await this.send('GET', path, undefined, known?.etag, signal);
    if (response.status === 304 && known) return known.body as T;
    const body = (await response.json()) as T;
    const etag = response.headers.get('etag');
    if (etag) {
      this.kept.delete(path);
      this.kept.set(path, { etag, body });
      if (this.kept.size > KEPT_MAX) this.kept.delete(this.kept.keys().next().value as string);
    }
    return body;
  }

  async change<T>(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
    const response = await this.send(method, path, body);
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** True when there is a session again. Requests that fail at the same time share one renewal. */
  refresh(): Promise<boolean> {
    this.refreshing ??= this.raw('POST', '/auth/refresh', {})
      .then((response) => response.ok)
      .catch(() => false)
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }

  private raw(method: string, path: string, body?: unknown, etag?: string, signal?: AbortSignal) {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (etag) headers['if-none-match'] = etag;
    // Before sign-in any value will do: that another site can't set the header is what counts.
    if (method !== 'GET') headers['x-plumbline-csrf'] = this.csrf || 'page';
    if (body !== undefined) headers['content-type'] = 'application/json';
    return this.fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal,
    });
  }

  private async attempt(method: string, path: string, body?: unknown, etag?: string, signal?: AbortSignal) {
    try {
      return await this.raw(method, path, body, etag, signal);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Problem(
        0,
        'The server does not answer',
        'Check that plumbline runs and that this machine reaches it; then try again.',
      );
    }
  }

  private async send(method: string, path: string, body?: unknown, etag?: string, signal?: AbortSignal) {
    let response = await this.attempt(method, path, body, etag, signal);
    if (response.status === 401 && path.startsWith('/api/')) {
      if (await this.refresh()) {
        if (method !== 'GET') await this.renewCsrf();
        response = await this.attempt(method, path, body, etag, signal);
      }
      if (response.status === 401) this.onSignedOut();
    }
    if (response.ok || response.status === 304) return response;
    throw await problemOf(response);
  }

  // The CSRF value belongs to the session, which has just been renewed.
  private async renewCsrf() {
    const me = await this.raw('GET', '/api/v1/me');
    if (me.ok) this.csrf = ((await me.json()) as { csrf: string }).csrf;
  }
}

async function problemOf(response: Response): Promise<Problem> {
  let title = response.statusText || `The server answered ${response.status}`;
  let detail = '';
  try {
    const body = (await response.json()) as { title?: string; detail?: string };
    title = body.title ?? title;
    detail = body.detail ?? '';
  } catch {
    // No JSON: something between here and the server answered.
  }
  return new Problem(response.status, title, detail);
}

export const client = new Client();
