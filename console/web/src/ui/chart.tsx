// A line over time with uPlot. Colours come from the theme; a point tells its text on hover, and a click opens it where it leads
// somewhere. The numbers are in a table or list beside each chart too, so for people who read by ear it is one image with a summary.
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { dateTime } from '../lib/format';

export interface Point {
  time: string;
  value: number | null;
  text?: string;
  bad?: boolean; // drawn as a filled mark of the warning colour
}

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(
  points: Point[],
  width: number,
  height: number,
  range: [number, number] | null,
  digits: number,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: css('--muted'),
    grid: { stroke: css('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  const span_s = points.length
    ? (Date.parse(points[points.length - 1]!.time) - Date.parse(points[0]!.time)) / 1000
    : 0;
  // The parts of 2026-11-21 09:30 that tell the marks of this span apart.
  const part = (at: number) =>
    span_s > 2 * 86_400
      ? dateTime(new Date(at * 1000)).slice(5, 10)
      : dateTime(new Date(at * 1000)).slice(11);
  return {
    width,
    height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 8 }, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      y: { range: range ?? ((_, low, high) => [Math.min(0, low), Math.max(1, high * 1.1)]) },
    },
    axes: [
      { ...axis, space: 70, size: 28, values: (_, splits) => splits.map(part) },
      {
        ...axis,
        size: 40,
        space: 28,
        values: (_, splits) => splits.map((value) => (value % 1 ? value.toFixed(digits) : String(value))),
      },
    ],
    series: [
      {},
      {
        stroke: css('--accent'),
        width: 2,
        fill: css('--accent-wash'),
        spanGaps: true,
        points: {
          show: points.length <= 90,
          size: 6,
          fill: css('--surface'),
          stroke: css('--accent'),
          width: 2,
        },
      },
      {
        stroke: 'transparent',
        points: { show: true, size: 9, fill: css('--bad'), stroke: css('--surface'), width: 1.5 },
      },
    ],
  };
}

export function TimeChart(props: {
  points: Point[];
  label: string;
  range?: [number, number];
  height?: number;
  digits?: number;
  onOpen?: (index: number) => void;
}) {
  const { points, range, height = 180, digits = 1 } = props;
  const place = useRef<HTMLDivElement>(null);
  const open = useRef(props.onOpen);
  open.current = props.onOpen;
  const [tip, setTip] = useState<{ left: number; point: Point } | null>(null);
  const [low, high] = range ?? [null, null];

  useEffect(() => {
    const node = place.current;
    if (!node || points.length === 0) return;
    const data: uPlot.AlignedData = [
      points.map((point) => Date.parse(point.time) / 1000),
      points.map((point) => point.value),
      points.map((point) => (point.bad ? point.value : null)),
    ];
    let chart: uPlot | null = null;
    const draw = () => {
      chart?.destroy();
      const bounds: [number, number] | null = low === null || high === null ? null : [low, high];
      chart = new uPlot(
        {
          ...options(points, Math.max(node.clientWidth, 200), height, bounds, digits),
          hooks: {
            setCursor: [
              (u) => {
                const at = u.cursor.idx;
                const point = at === null || at === undefined ? undefined : points[at];
                const left = u.cursor.left ?? -1;
                setTip(point && left >= 0 ? { left: left + u.bbox.left / devicePixelRatio, point } : null);
              },
            ],
          },
        },
        data,
        node,
      );
    };
    draw();
    const size = new ResizeObserver(() => {
      const width = Math.max(node.clientWidth, 200);
      if (chart && chart.width !== width) chart.setSize({ width, height });
    });
    size.observe(node);
    const clicked = () => {
      const at = chart?.cursor.idx;
      if (at !== null && at !== undefined) open.current?.(at);
    };
    node.addEventListener('click', clicked);
    window.addEventListener('plumbline-theme', draw);
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', draw);
    return () => {
      size.disconnect();
      node.removeEventListener('click', clicked);
      window.removeEventListener('plumbline-theme', draw);
      system.removeEventListener('change', draw);
      chart?.destroy();
    };
  }, [points, low, high, height, digits]);

  return (
    <div className={props.onOpen ? 'chart clickable' : 'chart'}>
      <div
        ref={place}
        role="img"
        aria-label={props.label}
        style={{ minHeight: height }}
        onMouseLeave={() => setTip(null)}
      />
      {tip && (
        <div className="tip" style={{ left: tip.left }} aria-hidden="true">
          <strong>
            {tip.point.value === null ? '–' : tip.point.value.toFixed(tip.point.value % 1 ? digits : 0)}
          </strong>{' '}
          {dateTime(tip.point.time)}
          {tip.point.text && <div>{tip.point.text}</div>}
        </div>
      )}
    </div>
  );
}
