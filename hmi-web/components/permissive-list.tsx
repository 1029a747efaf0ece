// The conditions for a setpoint to be changed, each with its present state and what it rests on (CMD-2). Values in only.
import { IconCheck, IconQuestionMark, IconX } from '@tabler/icons-react';
import type { PermissiveState } from '../../gateway/contract/tag.ts';
import { permissiveMark, permissiveWords } from '../model/permissive-words.ts';

const icons = { met: IconCheck, unmet: IconX, open: IconQuestionMark } as const;

export function PermissiveList({ permissives }: { readonly permissives: readonly PermissiveState[] }) {
  if (permissives.length === 0) return null;
  return (
    <section className="cs-permissives" aria-label="Conditions for this change">
      <strong>Only while</strong>
      <ul>
        {permissives.map((permissive) => {
          const mark = permissiveMark(permissive);
          const Icon = icons[mark];
          return (
            <li key={permissive.name} data-mark={mark}>
              <Icon size={18} aria-hidden="true" />
              <span>
                <b>{permissive.name}</b> <em>{permissiveWords[mark]}</em>
                <small>
                  {permissive.present}
                  {mark === 'unmet' && permissive.remedy !== '' && ` · ${permissive.remedy}`}
                </small>
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
