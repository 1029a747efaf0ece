// A moment as the plant's clocks show it, with its offset, and in UTC: for screens, exports and forms on paper. Pure.
// Never a time without saying whose time it is.

export type PlantTime = { readonly local: string; readonly offset: string; readonly utc: string };

/** `2026-04-17 14:03:22`, `UTC+02:00`, `2026-04-17T12:03:22.123456Z`. An unreadable time is shown as it came. */
export function plantTime(time: string | number, timeZone: string): PlantTime {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return { local: String(time), offset: '', utc: String(time) };
  const part = timePartsIn(date, timeZone);
  return {
    local: `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}`,
    offset: offsetText(part.timeZoneName ?? ''),
    utc: typeof time === 'string' ? time : date.toISOString(),
  };
}

function offsetText(name: string): string {
  if (name === 'GMT' || name === 'UTC') return 'UTC+00:00';
  return name.replace('GMT', 'UTC');
}

const formatters = new Map<string, Intl.DateTimeFormat>();
/** As a clock on the wall there shows it; `timeZoneName` is the offset, `GMT+02:00`. */
export function timePartsIn(date: Date, timeZone: string): Partial<Record<Intl.DateTimeFormatPartTypes, string>> {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
    formatters.set(timeZone, formatter);
  }
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatter.formatToParts(date)) parts[type] = value;
  return parts;
}
