import { describe, expect, it, vi } from 'vitest';
import { Client, Problem } from './client';

type Answer = [status: number, body?: unknown, headers?: Record<string, string>];

function server(answers: Record<string, Answer[]>) {
  const calls: { method: string; path: string; headers: Record<string, string> }[] = [];
  const fetch = vi.fn(async (path: string, init: RequestInit) => {
    calls.push({ method: init.method!, path, headers: init.headers as Record<string, string> });
    const answer = answers[`${init.method} ${path}`]?.shift();
    if (!answer) throw new TypeError('refused');
    const [status, body, headers] = answer;
    return new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
  });
  return { calls, fetch: fetch as unknown as typeof globalThis.fetch };
}

describe('Client', () => {
  it('renews the session once after a 401 and repeats the request', async () => {
    const { calls, fetch } = server({
      'GET /api/v1/x': [[401], [200, { a: 1 }]],
      'POST /auth/refresh': [[200, {}]],
    });
    expect(await new Client({ fetch }).get('/api/v1/x')).toEqual({ a: 1 });
    expect(calls.map((call) => call.path)).toEqual(['/api/v1/x', '/auth/refresh', '/api/v1/x']);
  });

  it('shares one renewal between requests that fail together', async () => {
    const { calls, fetch } = server({
      'GET /api/v1/x': [[401], [200, 1]],
      'GET /api/v1/y': [[401], [200, 2]],
      'POST /auth/refresh': [[200, {}]],
    });
    const client = new Client({ fetch });
    expect(await Promise.all([client.get('/api/v1/x'), client.get('/api/v1/y')])).toEqual([1, 2]);
    expect(calls.filter((call) => call.path === '/auth/refresh')).toHaveLength(1);
  });

  it('says that one is signed out when the renewal is refused', async () => {
    const { fetch } = server({
      'GET /api/v1/x': [[401, { title: 'Sign in' }]],
      'POST /auth/refresh': [[401]],
    });
    const onSignedOut = vi.fn();
    const failed = new Client({ fetch, onSignedOut }).get('/api/v1/x');
    await expect(failed).rejects.toMatchObject({ status: 401, title: 'Sign in' });
    expect(onSignedOut).toHaveBeenCalledOnce();
  });

  it('sends the CSRF value with changes only, and the new one after a renewal', async () => {
    const { calls, fetch } = server({
      'GET /api/v1/x': [[200, 1]],
      'POST /api/v1/x': [[401], [204]],
      'POST /auth/refresh': [[200, {}]],
      'GET /api/v1/me': [[200, { csrf: 'second' }]],
    });
    const client = new Client({ fetch });
    client.setCsrf('first');
    await client.get('/api/v1/x');
    await client.change('POST', '/api/v1/x', { a: 1 });
    const sent = calls
      .filter((call) => call.path === '/api/v1/x')
      .map((call) => call.headers['x-plumbline-csrf']);
    expect(sent).toEqual([undefined, 'first', 'second']);
  });

  it('takes the body it has when the server says 304', async () => {
    const { calls, fetch } = server({ 'GET /api/v1/x': [[200, { a: 1 }, { etag: '"e"' }], [304]] });
    const client = new Client({ fetch });
    const first = await client.get('/api/v1/x');
    expect(await client.get('/api/v1/x')).toBe(first);
    expect(calls[1]!.headers['if-none-match']).toBe('"e"');
  });

  it('turns problem+json and silence into a Problem', async () => {
    const { fetch } = server({ 'GET /api/v1/x': [[404, { title: 'Nothing', detail: 'Look there.' }]] });
    const client = new Client({ fetch });
    await expect(client.get('/api/v1/x')).rejects.toMatchObject({
      status: 404,
      title: 'Nothing',
      detail: 'Look there.',
    });
    await expect(client.get('/api/v1/down')).rejects.toBeInstanceOf(Problem);
    await expect(client.get('/api/v1/down')).rejects.toMatchObject({ status: 0 });
  });
});
