// A setpoint was changed past the gateway (CMD-11): told in a strip beneath the page, which covers nothing of it, until
// somebody puts it away. Values in, one wish out.
import { ActionIcon } from '@mantine/core';
import { IconAlertTriangle, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { TagView } from '../../gateway/contract/tag.ts';
import type { UnattributedChange } from '../../gateway/contract/unattributed-change.ts';
import { timeText } from '../model/times.ts';
import { unattributedRemark, unattributedText } from '../model/unattributed-words.ts';
import '../styles/unattributed.css';

export function UnattributedNotice(props: {
  /** Newest first; nothing is shown for none. */
  readonly changes: readonly UnattributedChange[];
  readonly tags: readonly TagView[];
  readonly timeZone: string;
  readonly showAudit: boolean;
  readonly onPutAway: () => void;
}) {
  const [newest, ...others] = props.changes;
  if (newest === undefined) return null;
  const tag = props.tags.find(({ id }) => id === newest.tagId);
  const remark = unattributedRemark(newest, tag);
  return (
    <div className="cs-unattributed" role="status">
      <IconAlertTriangle size={22} aria-hidden="true" />
      <div>
        <strong>
          {newest.tagId} was changed outside Countersign: {unattributedText(newest, tag)}
        </strong>
        <p>
          {newest.description}
          {remark !== '' && `; ${remark}`}. Recorded {timeText(newest.time, props.timeZone)} as no. {newest.record}.
        </p>
      </div>
      <p className="cs-unattributed-links">
        {props.showAudit && (
          <Link to="/audit" search={{ kind: 'setpoint.unattributed', tag: newest.tagId }}>
            Show the record
          </Link>
        )}
        <Link to="/unattributed">{others.length === 0 ? 'All such changes' : `${others.length} more like it`}</Link>
      </p>
      <ActionIcon variant="subtle" color="gray" size={44} aria-label="Put this notice away" onClick={props.onPutAway}>
        <IconX size={20} aria-hidden="true" />
      </ActionIcon>
    </div>
  );
}
