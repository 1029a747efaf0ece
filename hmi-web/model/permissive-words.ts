// How a permissive stands, in a mark and a word: never by colour alone (HMI-2). Used by the change dialog. Pure.
import type { PermissiveState } from '../../gateway/contract/tag.ts';

export type PermissiveMark = 'met' | 'unmet' | 'open';

/** `open`: it cannot be judged now, or hangs on the new value; the gateway takes that for not met. */
export function permissiveMark({ met }: Pick<PermissiveState, 'met'>): PermissiveMark {
  return met === null ? 'open' : met ? 'met' : 'unmet';
}

export const permissiveWords: Readonly<Record<PermissiveMark, string>> = {
  met: 'met',
  unmet: 'not met',
  open: 'judged with the new value',
};
