// What becomes of a signed change, in the dialog: old and new value, the present one beside them, its fate as it unfolds.
// Part of change-form.tsx; leads to the command's own page.
import { Button } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import type { CommandView } from '../../gateway/contract/command.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import { CommandFate } from '../components/command-fate.tsx';
import { useSession } from '../gateway-context.ts';
import { isClosed } from '../model/command-fate.ts';
import { exactText, withUnit } from '../model/values.ts';

export function ChangeFollowed(props: {
  readonly tag: TagView;
  readonly command: CommandView;
  /** The tag's present value as text, without its unit. */
  readonly present: string;
  readonly onClose: () => void;
}) {
  const { tag, command, onClose } = props;
  const navigate = useNavigate();
  const { plant } = useSession();
  const text = (value: CommandView['value']) => withUnit(exactText(tag, value), tag.unit);
  return (
    <div className="cs-dialog-body" data-single="true">
      <p className="cs-fate-value">
        {text(command.observed.value)} <IconArrowRight size={20} aria-label="to" />{' '}
        <strong>{text(command.value)}</strong>
        <span className="cs-muted">now {withUnit(props.present, tag.unit)}</span>
      </p>
      <CommandFate
        command={command}
        timeZone={plant.timeZone}
        asked={`${text(command.value)} in place of ${text(command.observed.value)}.`}
      />
      <div className="cs-actions">
        <Button
          variant="default"
          onClick={() => {
            onClose();
            void navigate({ to: '/commands/$id', params: { id: command.id } });
          }}
        >
          {command.state === 'awaiting-countersignature' ? 'Countersign here' : 'Show the command'}
        </Button>
        <Button onClick={onClose} data-autofocus autoFocus>
          {isClosed(command.state) ? 'Close' : 'Close, it goes on'}
        </Button>
      </div>
    </div>
  );
}
