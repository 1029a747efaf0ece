// Keeps the notice of changes made past the gateway (CMD-11) up to date: from the list, which live events renew, less
// what was put away at this terminal. Part of the frame.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { UnattributedNotice } from '../components/unattributed-notice.tsx';
import { useGateway, useSession } from '../gateway-context.ts';
import { mayAnywhere } from '../model/permissions.ts';
import { notPutAway } from '../model/unattributed-words.ts';
import { tagsQuery, unattributedQuery } from '../queries.ts';

/** At a terminal, not for a person: whoever comes next need not put it away again. */
const storageKey = 'countersign-unattributed-seen';

export function UnattributedNotices() {
  const gateway = useGateway();
  const session = useSession();
  const changes = useQuery(unattributedQuery(gateway));
  const tags = useQuery(tagsQuery(gateway));
  const [seenThrough, setSeenThrough] = useState(readSeen);
  const shown = notPutAway(changes.data ?? [], seenThrough);
  return (
    <UnattributedNotice
      changes={shown}
      tags={tags.data ?? []}
      timeZone={session.plant.timeZone}
      showAudit={mayAnywhere(session, 'read-audit')}
      onPutAway={() => {
        const through = Math.max(...shown.map(({ record }) => record));
        localStorage.setItem(storageKey, String(through));
        setSeenThrough(through);
      }}
    />
  );
}

function readSeen(): number | null {
  const stored = Number.parseInt(localStorage.getItem(storageKey) ?? '', 10);
  return Number.isSafeInteger(stored) ? stored : null;
}
