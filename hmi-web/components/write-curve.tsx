// The curve of a point around a command's write: each read of the device a dot, the value held until the next one; old and
// new value as lines, the write as a mark at 0 s. Values in only. Drawn as SVG, so that it prints as sharply as the text.
import type { CommandView } from '../../gateway/contract/command.ts';
import { type WriteCurve as Curve, type CurvePoint, timeTicks, writeCurve } from '../model/write-curve.ts';

const frame = { left: 14, right: 96, top: 12, bottom: 28, width: 540, height: 210 };

export function WriteCurve(props: {
  readonly command: CommandView;
  readonly valueText: (value: CommandView['value']) => string;
}) {
  const { command, valueText } = props;
  const curve = writeCurve(command);
  if (curve === null) return null;
  const last = curve.points.at(-1);
  const x = (atS: number) =>
    frame.left + ((atS - curve.fromS) / (curve.toS - curve.fromS)) * (frame.width - frame.left - frame.right);
  const y = (level: number) =>
    frame.top + ((curve.high - level) / (curve.high - curve.low)) * (frame.height - frame.top - frame.bottom);
  const level = (value: number | null, name: string, words: CommandView['value']) =>
    value !== null && (
      <g className={`cs-curve-${name}`}>
        <path d={`M${frame.left} ${y(value)}H${frame.width - frame.right}`} />
        <text x={frame.width - frame.right + 8} y={y(value) + 4}>
          {name} {valueText(words)}
        </text>
      </g>
    );
  return (
    <figure className="cs-card cs-curve">
      <figcaption>
        <h2>Read from the device around the write</h2>
        <span className="cs-muted">
          {curve.points.length} reads kept; the last: {last === undefined ? 'none' : valueText(last.value)}
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${frame.width} ${frame.height}`} aria-hidden="true">
        {timeTicks(curve.fromS, curve.toS).map((tick) => (
          <g key={tick} className="cs-curve-tick">
            <path d={`M${x(tick)} ${frame.top}V${frame.height - frame.bottom}`} />
            <text x={x(tick)} y={frame.height - frame.bottom + 16} textAnchor="middle">
              {tick === 0 ? 'write' : `${tick > 0 ? '+' : '−'}${Math.abs(tick)} s`}
            </text>
          </g>
        ))}
        <path className="cs-curve-write" d={`M${x(0)} ${frame.top}V${frame.height - frame.bottom}`} />
        {level(curve.old, 'old', command.observed.value)}
        {curve.wanted !== curve.old && level(curve.wanted, 'new', command.value)}
        <path className="cs-curve-held" d={heldPath(curve, x, y)} />
        {curve.points.map((point) => (
          <Dot key={`${point.atS}`} point={point} x={x(point.atS)} y={y} bottom={frame.height - frame.bottom} />
        ))}
      </svg>
      <details>
        <summary>All reads as figures</summary>
        <table className="cs-table">
          <thead>
            <tr>
              <th>
                <span>From the write</span>
              </th>
              <th>
                <span>Value</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {curve.points.map(({ atS, value }) => (
              <tr key={`${atS}`}>
                <td>
                  {atS > 0 ? '+' : ''}
                  {atS.toFixed(3).replace('-', '−')} s
                </td>
                <td>{value === null ? 'could not be read' : valueText(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function Dot(props: {
  readonly point: CurvePoint;
  readonly x: number;
  readonly y: (level: number) => number;
  readonly bottom: number;
}) {
  const { point, x } = props;
  if (point.level !== null) return <circle className="cs-curve-dot" cx={x} cy={props.y(point.level)} r={3} />;
  return (
    <text className="cs-curve-gap" x={x} y={props.bottom - 6} textAnchor="middle">
      ×
    </text>
  );
}

/** Held from read to read; broken where nothing could be read. */
function heldPath(curve: Curve, x: (atS: number) => number, y: (level: number) => number): string {
  let path = '';
  let before: number | null = null;
  for (const { atS, level } of curve.points) {
    if (level !== null) path += before === null ? `M${x(atS)} ${y(level)}` : `H${x(atS)}V${y(level)}`;
    else if (before !== null) path += `H${x(atS)}`;
    before = level;
  }
  return path;
}
