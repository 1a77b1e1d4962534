/** The last hour with a point for each minute: the server names only those in which something came. */
export function everyMinute(minutes: { time: string; stored: number }[], now: number) {
  const stored = new Map(minutes.map((minute) => [Date.parse(minute.time), minute.stored]));
  const last = Math.floor(now / 60_000) * 60_000;
  return Array.from({ length: 61 }, (_, at) => {
    const time = last - (60 - at) * 60_000;
    return { time: new Date(time).toISOString(), value: stored.get(time) ?? 0 };
  });
}
