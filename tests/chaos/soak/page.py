#!/usr/bin/env python3
"""Makes one self-contained HTML page of plumbline_soak's samples: page.py SAMPLES OUT.html TITLE"""
import html
import json
import sys

WIDTH, HEIGHT, LEFT, BOTTOM = 900, 180, 60, 24
COLORS = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf"]
POINTS_MAX = 1500  # a plot of eight hours stays a small page


def thin(points):
    """Of each stretch of time its highest value: a peak must not vanish."""
    size = max(1, len(points) // POINTS_MAX + 1)
    return [max(points[i : i + size], key=lambda p: p[1]) for i in range(0, len(points), size)]


def plot(title, unit, series, marks, seconds):
    top = max([value for points in series.values() for _, value in points] or [1]) or 1
    x = lambda t: LEFT + t / max(seconds, 1) * (WIDTH - LEFT - 10)
    y = lambda value: HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - 14)
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">']
    for share in (0, 0.5, 1):
        at = y(top * share)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{top * share:.4g}</text>')
    for t in marks:
        parts.append(f'<line x1="{x(t):.1f}" x2="{x(t):.1f}" y1="14" y2="{HEIGHT - BOTTOM}" stroke="#f3c6c6"/>')
    for number, (name, points) in enumerate(series.items()):
        color = COLORS[number % len(COLORS)]
        line = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in thin(points))
        parts.append(f'<polyline fill="none" stroke="{color}" points="{line}"><title>{html.escape(name)}</title></polyline>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">0 s</text><text x="{WIDTH - 10}" y="{HEIGHT - 6}" text-anchor="end">{seconds:.0f} s</text></svg>')
    legend = " ".join(f'<span style="color:{COLORS[i % len(COLORS)]}">{html.escape(name)}</span>' for i, name in enumerate(series))
    return f"<h3>{html.escape(title)} ({html.escape(unit)})</h3>{''.join(parts)}<p>{legend}</p>"


def section(log, rows):
    samples = [row for row in rows if "accepted" in row]
    faults = [row for row in rows if "fault" in row]
    if not samples:
        return ""
    seconds, marks = samples[-1]["t"], [row["t"] for row in faults]
    names = sorted({name for row in samples for name in row["processes"]})
    of = lambda key, scale: {n: [(r["t"], r["processes"][n][key] * scale) for r in samples if r["processes"].get(n, {}).get(key)] for n in names}
    rate = [(b["t"], (b["accepted"] - a["accepted"]) / max(b["t"] - a["t"], 0.001)) for a, b in zip(samples, samples[1:])]
    latency = [(r["t"], r["latency_ms"]) for r in samples if r["latency_ms"] >= 0]
    ordered = sorted(value for _, value in latency)
    at = lambda q: ordered[int(q * (len(ordered) - 1))] if ordered else 0
    counts = {}
    for row in faults:
        count, worst = counts.get(row["fault"], (0, 0))
        counts[row["fault"]] = (count + 1, max(worst, row["recovery_s"]))
    table = "".join(f"<tr><td>{html.escape(name)}</td><td>{count}</td><td>{worst:.1f}</td></tr>" for name, (count, worst) in sorted(counts.items()))
    return (f"<h2>{html.escape(log)} log</h2><p>{seconds:.0f} s, {samples[-1]['accepted']} traces accepted, {len(faults)} faults; one signed request: "
            f"P50 {at(0.5):.1f} ms, P99 {at(0.99):.1f} ms, {len(samples) - len(latency)} of {len(samples)} probes met a server that was down.</p>"
            + plot("Accepted", "traces/s; lines: faults", {"accepted": rate}, marks, seconds)
            + plot("One signed request a second", "ms", {"latency": latency}, [], seconds)
            + plot("Resident memory", "MiB", of("rss_kib", 1 / 1024), [], seconds)
            + plot("Open descriptors", "count", of("fds", 1), [], seconds)
            + f"<table><tr><th>fault</th><th>times</th><th>slowest recovery, s</th></tr>{table}</table>")


def main(samples, out, title):
    rows = []
    with open(samples, encoding="utf-8") as file:
        for line in file:
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                pass  # the line that a stop cut short
    logs = sorted({row["log"] for row in rows})
    body = "".join(section(log, [row for row in rows if row["log"] == log]) for log in logs)
    style = ("body{font:14px system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em}svg{width:100%;height:auto}text{font-size:11px;fill:#555}"
             "table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:left}span{margin-right:1em}")
    with open(out, "w", encoding="utf-8") as file:
        file.write(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title><style>{style}</style>'
                   f"<h1>{html.escape(title)}</h1>{body}</html>\n")


main(*sys.argv[1:])
