// Change a setpoint and sign for it, in one dialog (HMI-3): present value, new value, consequence, reason, signature, fate.
// Opened by the frame for one tag. It sends nothing that differs from what it shows, and forgets passwords after use.
import { Modal } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { TagId } from '../../gateway/contract/ids.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import { useReturnFocus } from '../components/return-focus.ts';
import { UnresolvedNotice } from '../components/unresolved-notice.tsx';
import { useGateway, useSession } from '../gateway-context.ts';
import type { Setpoint } from '../model/setpoint-input.ts';
import { tagsQuery } from '../queries.ts';
import { ChangeForm } from './change-form.tsx';
import '../styles/dialog.css';

const permissivesEveryMs = 2_000;

export function ChangeDialog({ tagId, onClose }: { readonly tagId: TagId; readonly onClose: () => void }) {
  const gateway = useGateway();
  const { plant } = useSession();
  const client = useQueryClient();
  useReturnFocus();
  // Who may change it here and now is asked anew when the dialog opens.
  const fresh = useQuery({
    queryKey: ['tag', tagId],
    queryFn: () => gateway.api.tag(tagId),
    staleTime: 0,
    gcTime: 0,
    // Permissives come with the tag, not by the live link: asked again while the person looks at them.
    refetchInterval: ({ state }) => ((state.data?.setpoint?.permissives ?? []).length > 0 ? permissivesEveryMs : false),
  });
  const tag = fresh.data ?? client.getQueryData(tagsQuery(gateway).queryKey)?.find((entry) => entry.id === tagId);
  if (tag === undefined || !hasSetpoint(tag)) return null;
  return (
    <Modal
      opened
      onClose={onClose}
      size={880}
      padding={0}
      closeOnClickOutside={false}
      withCloseButton={false}
      classNames={{ content: 'cs-dialog' }}
    >
      <UnresolvedNotice tags={[tag]} timeZone={plant.timeZone} onFollow={onClose} />
      <ChangeForm tag={tag} onClose={onClose} />
    </Modal>
  );
}

function hasSetpoint(tag: TagView): tag is TagView & { setpoint: Setpoint } {
  return tag.setpoint !== null;
}
