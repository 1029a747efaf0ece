// The gateway's time in the plant's zone, with its offset from UTC. Values in, nothing out.
import { useNow } from '../gateway-context.ts';
import { plantTime } from '../model/times.ts';

export function PlantClock({ timeZone }: { readonly timeZone: string }) {
  const time = plantTime(useNow(), timeZone);
  return (
    <div className="cs-clock" title={`${timeZone}; ${time.utc.slice(0, 19)}Z`}>
      <strong>{time.local.slice(11)}</strong>
      <small>{time.offset}</small>
    </div>
  );
}
