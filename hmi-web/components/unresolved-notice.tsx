// Outcomes of a tag that nobody knows and nobody has resolved (CMD-6): shown wherever the tag is, until a person has
// looked at the equipment and signed what was found. Values in; it leads to the command.
import { IconHelpHexagon } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { TagView } from '../../gateway/contract/tag.ts';
import { timeText } from '../model/times.ts';
import { exactText, withUnit } from '../model/values.ts';
import '../styles/unattributed.css';

/** In a dialog, or as a strip over all pages (`tags` with more than one). Nothing where there is nothing to say. */
export function UnresolvedNotice(props: {
  readonly tags: readonly TagView[];
  readonly timeZone: string;
  readonly strip?: boolean;
  readonly onFollow?: () => void;
}) {
  const open = props.tags.flatMap((tag) => (tag.unresolved ?? []).map((outcome) => ({ tag, outcome })));
  if (open.length === 0) return null;
  return (
    <div className={props.strip === true ? 'cs-unresolved-strip' : 'cs-notice'} data-tone="attention" role="status">
      <IconHelpHexagon size={22} aria-hidden="true" />
      <div>
        {open.slice(0, 3).map(({ tag, outcome }) => (
          <p key={outcome.command}>
            <strong>
              Outcome unknown: {tag.id} to {withUnit(exactText(tag, outcome.value), tag.unit)}
            </strong>{' '}
            since {timeText(outcome.time, props.timeZone)}. Look at the equipment.{' '}
            <Link to="/commands/$id" params={{ id: outcome.command }} onClick={props.onFollow}>
              Say what was found
            </Link>
          </p>
        ))}
        {open.length > 3 && <p>And {open.length - 3} more on the commands page.</p>}
      </div>
    </div>
  );
}
