// A small trend: the measured value with its setpoint over the last 15 minutes (uPlot, loaded with the process page).
// Takes history once from the gateway, then adds live values each second.
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { TagView } from '../../gateway/contract/tag.ts';
import { useGateway, useReading } from '../gateway-context.ts';
import { append, axisSpan, type Series, seriesOf, trendWindowMs } from '../model/trend-series.ts';
import { withUnit } from '../model/values.ts';

const ink = '#2b3238';
const target = '#235a86';

export function SmallTrend(props: { readonly value: TagView; readonly setpoint: TagView; readonly timeZone: string }) {
  const { value, setpoint, timeZone } = props;
  const gateway = useGateway();
  const place = useRef<HTMLDivElement>(null);
  const pv = useReading(value);
  const sp = useReading(setpoint);

  useEffect(() => {
    const container = place.current;
    if (container === null) return;
    const series: [Series, Series] = [
      { timesS: [], values: [] },
      { timesS: [], values: [] },
    ];
    let closed = false;
    const stop = new AbortController();
    const plot = makePlot(container, timeZone, value);
    const draw = () => {
      const nowMs = gateway.nowMs();
      const lost = gateway.link().kind === 'lost';
      [value, setpoint].forEach((tag, index) => {
        const wire = gateway.values.get(tag.id);
        const shown = wire !== undefined && !lost && wire.quality !== 'bad' && typeof wire.value === 'number';
        const own = series[index];
        if (own !== undefined) append(own, nowMs, shown && typeof wire.value === 'number' ? wire.value : null);
      });
      const joined = uPlot.join([
        [series[0].timesS, series[0].values],
        [series[1].timesS, series[1].values],
      ]);
      plot.setData(joined, false);
      plot.batch(() => {
        plot.setScale('x', { min: (nowMs - trendWindowMs) / 1000, max: nowMs / 1000 });
        const [min, max] = axisSpan([...series[0].values, ...series[1].values], value.range);
        plot.setScale('y', { min, max });
      });
    };
    gateway.api.recent([value.id, setpoint.id], stop.signal).then(
      (recent) => {
        if (closed) return;
        [value, setpoint].forEach((tag, index) => {
          const kept = recent.tags.find((entry) => entry.id === tag.id);
          if (kept !== undefined) series[index] = seriesOf(kept.timesMs, kept.values, kept.qualities);
        });
        draw();
      },
      // Without history the trend begins now; the live values still come.
      () => {},
    );
    const timer = setInterval(draw, 1000);
    const resize = new ResizeObserver(() => plot.setSize(sizeOf(container)));
    resize.observe(container);
    return () => {
      closed = true;
      stop.abort();
      clearInterval(timer);
      resize.disconnect();
      plot.destroy();
    };
  }, [gateway, value, setpoint, timeZone]);

  return (
    <figure className="cs-trend" aria-label={`Trend of the last 15 minutes. ${pv.sentence}. ${sp.sentence}`}>
      <figcaption>
        <strong>{value.description}</strong>
        <span className="cs-trend-now" data-mark={pv.mark}>
          {pv.mark === 'ok' ? '' : '? '}
          {withUnit(pv.text, value.unit)}
        </span>
        <span className="cs-trend-target" data-mark={sp.mark}>
          SP {sp.mark === 'ok' ? '' : '? '}
          {sp.text}
        </span>
      </figcaption>
      <div ref={place} className="cs-trend-plot" aria-hidden="true" />
    </figure>
  );
}

function sizeOf(container: HTMLElement): { width: number; height: number } {
  return { width: Math.max(80, container.clientWidth), height: Math.max(60, container.clientHeight) };
}

function makePlot(container: HTMLElement, timeZone: string, value: TagView): uPlot {
  const font = '11px "Inter Variable", system-ui, sans-serif';
  const axis = { stroke: '#59636b', font, ticks: { show: false }, grid: { stroke: '#d4d8db', width: 1 } };
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return new uPlot(
    {
      ...sizeOf(container),
      legend: { show: false },
      cursor: { show: false },
      // Room for the half of a tick’s figures that stands beyond the plot.
      padding: [9, 17, 0, 0],
      tzDate: (timestamp) => uPlot.tzDate(new Date(timestamp * 1000), timeZone),
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      axes: [
        { ...axis, size: 20, space: 60, values: '{HH}:{mm}' },
        {
          ...axis,
          size: 42,
          space: 26,
          values: (_plot, ticks) => ticks.map((tick) => tick.toFixed(decimals(ticks, value))),
        },
      ],
      series: [
        {},
        { stroke: ink, width: 1.5, points: { show: false } },
        { stroke: target, width: 1.5, dash: [5, 4], points: { show: false }, ...(stepped && { paths: stepped }) },
      ],
    },
    [[], [], []],
    container,
  );
}

/** Enough decimals to write every tick as it is: a quarter is 0.25, never 0.3. */
function decimals(ticks: readonly number[], value: TagView): number {
  for (let digits = 0; digits < 4; digits++) {
    const scale = 10 ** digits;
    if (ticks.every((tick) => Math.abs(tick * scale - Math.round(tick * scale)) < 1e-6)) return digits;
  }
  return Math.max(4, value.decimals);
}
