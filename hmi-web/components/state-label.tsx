// A command's state as a label: word and tone, an icon where a person has to look. Values in only.
import { IconAlertTriangleFilled, IconCheck, IconUserCheck } from '@tabler/icons-react';
import type { CommandView } from '../../gateway/contract/command.ts';
import { fateOf } from '../model/command-fate.ts';

export function StateLabel({ command }: { readonly command: Pick<CommandView, 'state' | 'outcome'> }) {
  const fate = fateOf(command);
  return (
    <span className="cs-state" data-tone={fate.tone}>
      {fate.tone === 'done' && <IconCheck size={15} aria-hidden="true" />}
      {fate.tone === 'attention' && <IconUserCheck size={15} aria-hidden="true" />}
      {fate.tone === 'trouble' && <IconAlertTriangleFilled size={15} aria-hidden="true" />}
      {fate.label}
    </span>
  );
}
