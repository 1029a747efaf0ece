// Times for people: plant time with its offset, UTC beside it, ages. Pure; the plant's zone comes with the session.
// Called wherever a time or an age is shown. Never shows a time without saying whose time it is.
import { plantTime, timePartsIn } from '../../gateway/contract/plant-time.ts';

export { plantTime };

/** `14:03:22` in the plant's zone. */
export function clockTime(time: string | number, timeZone: string): string {
  return plantTime(time, timeZone).local.slice(11);
}

/** `2026-04-17 14:03:22 (UTC+02:00)`: within a sentence. */
export function timeText(time: string | number, timeZone: string): string {
  const { local, offset } = plantTime(time, timeZone);
  return `${local} (${offset})`;
}

const typedTime = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?$/;
/**
 * Time in the plant's zone as a person types it (`2026-04-17 14:03`, seconds or the day alone as well), as RFC 3339 in UTC.
 * Null when it is empty or no time. In the hour that a change of summer time repeats, the first one is meant.
 */
export function plantTimeToUtc(typed: string, timeZone: string): string | null {
  const [, day, clock = '00:00'] = typedTime.exec(typed.trim()) ?? [];
  const asIfUtcMs = Date.parse(`${day}T${clock}Z`);
  if (day === undefined || Number.isNaN(asIfUtcMs)) return null;
  // JavaScript takes a 30th of February for the 2nd of March.
  if (!new Date(asIfUtcMs).toISOString().startsWith(day)) return null;
  for (const guessMs of [asIfUtcMs - 86_400_000, asIfUtcMs, asIfUtcMs + 86_400_000]) {
    const candidateMs = asIfUtcMs - offsetMsAt(guessMs, timeZone);
    if (asIfUtcMs - offsetMsAt(candidateMs, timeZone) === candidateMs) return new Date(candidateMs).toISOString();
  }
  return new Date(asIfUtcMs - offsetMsAt(asIfUtcMs, timeZone)).toISOString();
}

/** Short age: `now`, `12 s`, `4 min`, `3 h`, `2 d`; a dash when there is none. */
export function ageText(ageMs: number | null): string {
  if (ageMs === null || !Number.isFinite(ageMs)) return '–';
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 1) return 'now';
  if (seconds < 60) return `${seconds}\u00a0s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}\u00a0min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}\u00a0h`;
  return `${Math.floor(seconds / 86_400)}\u00a0d`;
}

/** `4:59` for a countdown; never negative. */
export function countdownText(leftMs: number): string {
  const seconds = Math.max(0, Math.floor(leftMs / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function offsetMsAt(timeMs: number, timeZone: string): number {
  const part = timePartsIn(new Date(timeMs), timeZone);
  const local = Date.parse(`${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}Z`);
  return local - Math.floor(timeMs / 1000) * 1000;
}
