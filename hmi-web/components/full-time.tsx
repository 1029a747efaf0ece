// A time in full: the plant's zone with its offset, UTC beneath (SIG-2, AUD-2). Values in only.
import { plantTime } from '../model/times.ts';

export function FullTime({ time, timeZone }: { readonly time: string; readonly timeZone: string }) {
  const { local, offset, utc } = plantTime(time, timeZone);
  return (
    <time className="cs-time" dateTime={time}>
      <span>
        {local} ({offset})
      </span>{' '}
      <small>{utc}</small>
    </time>
  );
}
