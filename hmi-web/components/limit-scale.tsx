// Where old and new value lie within the limits, and how far one step may go. Values in only; the words beside it say
// the same, so it is hidden from assistive technology. Nothing for what has no numeric limits.
import type { TagView } from '../../gateway/contract/tag.ts';
import type { TagValue } from '../../gateway/contract/values.ts';
import { reach, type Setpoint } from '../model/setpoint-input.ts';
import { valueText } from '../model/values.ts';

const width = 360;

export function LimitScale(props: {
  readonly tag: TagView & { setpoint: Setpoint };
  readonly observed: TagValue;
  readonly value: TagValue;
}) {
  const { tag, observed, value } = props;
  const { min, max } = tag.setpoint;
  if (min === null || max === null || tag.states !== null || max <= min) return null;
  const x = (point: number) => ((Math.min(max, Math.max(min, point)) - min) / (max - min)) * width;
  const step = reach(tag.setpoint, observed);
  return (
    <svg className="cs-limit-scale" viewBox={`-6 -16 ${width + 12} 44`} aria-hidden="true">
      <rect className="cs-range" x={0} y={0} width={width} height={8} rx={2} />
      <rect
        className="cs-permitted"
        x={x(step.min ?? min)}
        y={0}
        width={x(step.max ?? max) - x(step.min ?? min)}
        height={8}
      />
      <text x={0} y={24}>
        {valueText(tag, min)}
      </text>
      <text x={width} y={24} textAnchor="end">
        {valueText(tag, max)}
      </text>
      {typeof observed === 'number' && <path className="cs-old" d={`M${x(observed)} -3v14`} />}
      {typeof value === 'number' && <path className="cs-new" d={`M${x(value)} 0l7 -11h-14z`} />}
    </svg>
  );
}
