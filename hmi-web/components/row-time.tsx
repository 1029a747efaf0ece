// A time in a row of a list: as the plant's clocks show it, its offset beside it, UTC on pointing at it. Values in only.
import { plantTime } from '../model/times.ts';

export function RowTime({ time, timeZone }: { readonly time: string; readonly timeZone: string }) {
  const { local, offset, utc } = plantTime(time, timeZone);
  return (
    <time dateTime={time} title={utc} style={{ whiteSpace: 'nowrap' }}>
      {local} <small>{offset}</small>
    </time>
  );
}
