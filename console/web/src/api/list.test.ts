import { describe, expect, it } from 'vitest';
import { Problem } from './client';
import { began, emptyList, failed, received, wantsMore, withQuery, type ListState } from './list';

const key = (item: { id: number }) => String(item.id);
const rows = (...ids: number[]) => ids.map((id) => ({ id }));
type Row = { id: number };

describe('a list by cursor', () => {
  it('adds page after page until there is no cursor', () => {
    let state: ListState<Row> = received<Row>(
      began<Row>(emptyList),
      { items: rows(1, 2), next_cursor: 'a' },
      key,
    );
    expect([state.items.length, state.complete, state.cursor]).toEqual([2, false, 'a']);
    state = received(began(state), { items: rows(3), next_cursor: null }, key);
    expect([state.items.length, state.complete, state.loading]).toEqual([3, true, false]);
  });

  it('leaves out rows that it has', () => {
    const first = received<Row>(emptyList, { items: rows(1, 2), next_cursor: 'a' }, key);
    expect(received(first, { items: rows(2, 3), next_cursor: 'b' }, key).items.map(key)).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('ends when the cursor stands still', () => {
    const first = received<Row>(emptyList, { items: rows(1), next_cursor: 'a' }, key);
    expect(received(first, { items: rows(1), next_cursor: 'a' }, key).complete).toBe(true);
  });

  it('asks near its end, but not twice, and not after a failure', () => {
    const state = received<Row>(emptyList, { items: rows(...Array(100).keys()), next_cursor: 'a' }, key);
    expect(wantsMore(state, 10)).toBe(false);
    expect(wantsMore(state, 90)).toBe(true);
    expect(wantsMore(began(state), 90)).toBe(false);
    expect(wantsMore(failed(state, new Problem(0, 'down', '')), 90)).toBe(false);
  });

  it('writes a query in one order, without what is empty', () => {
    expect(withQuery('/x', { q: 'a b', agent: '', from: null, limit: 5 })).toBe('/x?limit=5&q=a%20b');
    expect(withQuery('/x?a=1', { b: 2 })).toBe('/x?a=1&b=2');
    expect(withQuery('/x', {})).toBe('/x');
  });
});
