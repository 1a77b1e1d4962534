import { describe, expect, it } from 'vitest';
import * as f from './format';

describe('format', () => {
  it('shortens numbers without jumping a unit', () => {
    expect([0, 9999, 12_345, 99_960, 999_499, 999_500, 1_234_567].map(f.short)).toEqual([
      '0',
      '9,999',
      '12.3k',
      '100k',
      '999k',
      '1.0M',
      '1.2M',
    ]);
    expect(f.short(null)).toBe('–');
  });

  it('writes signs', () => {
    expect([1.26, -0.6, 0.04, -0.04, null].map((v) => f.signed(v))).toEqual([
      '+1.3',
      '−0.6',
      '±0',
      '±0',
      '–',
    ]);
  });

  it('writes percent, rates and durations', () => {
    expect([0, 36.36, 100, null].map(f.percent)).toEqual(['0 %', '36.4 %', '100 %', '–']);
    expect([0, 0.01, 2.34, 1234].map(f.rate)).toEqual(['0/s', '0.6/min', '2.3/s', '1,234/s']);
    expect([0.4, 12, 1500, 61_000, 3_600_000, 90_000_000, 172_800_000].map(f.duration)).toEqual([
      '0.4 ms',
      '12 ms',
      '1.5 s',
      '1 min 1 s',
      '1 h',
      '25 h',
      '2 d',
    ]);
  });

  it('says how long ago', () => {
    const now = Date.parse('2026-11-10T12:00:00Z');
    const at = [
      '2026-11-10T11:59:58Z',
      '2026-11-10T11:59:20Z',
      '2026-11-10T09:00:00Z',
      '2026-11-01T12:00:00Z',
      '2026-11-10T15:00:00Z',
    ];
    expect(at.map((t) => f.ago(t, now))).toEqual(['now', '40 s ago', '3 h ago', '9 d ago', 'in 3 h']);
  });

  it('names words, commits and grades', () => {
    expect(f.words('auto_reply')).toBe('Auto reply');
    expect(f.commit('37da4f975c2bb320')).toBe('37da4f97');
    expect([null, 59.9, 60, 80].map(f.grade)).toEqual(['none', 'poor', 'fair', 'good']);
    expect([null, 10, 30, 60].map(f.riskGrade)).toEqual(['none', 'good', 'fair', 'poor']);
    expect(f.plural(1, 'repo') + f.plural(2, 'repo')).toBe('1 repo2 repos');
  });
});
