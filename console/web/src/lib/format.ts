// Numbers and times as people read them. Times are shown in the reader's zone; `title` attributes have UTC.
const DASH = '–';

export const count = (value: number | null | undefined): string =>
  value === null || value === undefined ? DASH : value.toLocaleString('en-GB');

/** 1,234 → 1.2k: for columns where the size matters, not the digit. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return DASH;
  if (Math.abs(value) < 10_000) return count(value);
  const [divisor, unit] =
    Math.abs(value) < 999_500 ? [1e3, 'k'] : Math.abs(value) < 999_500_000 ? [1e6, 'M'] : [1e9, 'G'];
  const scaled = value / divisor;
  return `${scaled.toFixed(Math.abs(scaled) < 99.95 ? 1 : 0)}${unit}`;
}

export const decimal = (value: number | null | undefined, digits = 1): string =>
  value === null || value === undefined ? DASH : value.toFixed(digits);

export const percent = (value: number | null | undefined): string =>
  value === null || value === undefined ? DASH : `${value.toFixed(value > 0 && value < 100 ? 1 : 0)} %`;

/** +1.3, −0.6, ±0: with the sign that typography has. */
export function signed(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined) return DASH;
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return '±0';
  return (value > 0 ? '+' : '−') + text;
}

export function rate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.1) return `${(perSecond * 60).toFixed(1)}/min`;
  return `${perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond))}/s`;
}

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return DASH;
  if (ms < 1000) return `${ms < 10 && ms > 0 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(1)} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(s - minutes * 60) % 60} s`.replace(' 0 s', '');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`.replace(/ 0 min$/, '');
  return `${Math.floor(hours / 24)} d ${hours % 24} h`.replace(/ 0 h$/, '');
}

/** How long ago, in one unit: 40 s ago, 3 h ago, 5 d ago; in the future: in 3 h. */
export function ago(time: string, now: number): string {
  const s = Math.round((now - Date.parse(time)) / 1000);
  const size = Math.abs(s);
  if (size < 5) return 'now';
  const text =
    size < 60
      ? `${size} s`
      : size < 3600
        ? `${Math.floor(size / 60)} min`
        : size < 172_800
          ? `${Math.floor(size / 3600)} h`
          : `${Math.floor(size / 86_400)} d`;
  return s > 0 ? `${text} ago` : `in ${text}`;
}

const two = (value: number) => String(value).padStart(2, '0');

export function dateTime(time: string | Date): string {
  const at = new Date(time);
  return `${date(at)} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function date(time: string | Date): string {
  const at = new Date(time);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function clock(time: string): string {
  const at = new Date(time);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export const utc = (time: string): string =>
  new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z/, ' UTC');

/** A commit as people say it. */
export const commit = (hash: string | null | undefined): string => (hash ? hash.slice(0, 8) : DASH);

/** snake_case and kebab-case words of the wire as text: auto_reply → Auto reply. */
export function words(name: string | null | undefined): string {
  if (!name) return DASH;
  const text = name.replace(/[_-]+/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;

export type Grade = 'good' | 'fair' | 'poor' | 'none';
/** Of a number from 0 to 100: the colours of scores, everywhere. */
export function grade(score: number | null | undefined): Grade {
  if (score === null || score === undefined) return 'none';
  return score >= 80 ? 'good' : score >= 60 ? 'fair' : 'poor';
}

/** Of a risk score of an agent's runtime, 0 to 100, where more is worse. */
export function riskGrade(risk: number | null | undefined): Grade {
  if (risk === null || risk === undefined) return 'none';
  return risk >= 60 ? 'poor' : risk >= 30 ? 'fair' : 'good';
}
