// What can be done with a command now, as buttons (SIG-5, CMD-6, CMD-13): countersign or decline, withdraw, say what was found
// of an unknown outcome, give what break-glass left out. Part of command.tsx; the gateway decides again.
import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { CommandView, StatementPurposeBody } from '../../gateway/contract/command.ts';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { isClosed } from '../model/command-fate.ts';
import { mayIn } from '../model/permissions.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';

const findings = [
  { found: 'reached', label: 'The plant has the new value' },
  { found: 'not-reached', label: 'It has not' },
  { found: 'cannot-be-told', label: 'It cannot be told' },
] as const;

export function CommandActions(props: {
  readonly command: CommandView;
  readonly onSign: (purpose: StatementPurposeBody) => void;
  readonly onRefused: (refusal: Explanation | null) => void;
}) {
  const { command, onSign } = props;
  const gateway = useGateway();
  const client = useQueryClient();
  const session = useSession();
  const live = useLink().kind === 'live';
  const { state } = command;
  const waits = state === 'awaiting-countersignature' || state === 'asked' || state === 'proposed';
  const mine = [command.askedBy.id, command.signatures[0]?.signer].includes(session.user.id);
  // CMD-13: it is done, and the countersignatures that break-glass left out may still be given.
  const owes = isClosed(state) && (command.breakGlass?.missing ?? 0) > 0;
  const withdraw = async () => {
    props.onRefused(null);
    try {
      await gateway.api.withdraw(command.id);
      await client.invalidateQueries({ queryKey: ['command', command.id] });
      void client.invalidateQueries({ queryKey: ['commands'] });
    } catch (error) {
      props.onRefused(explainError(error));
    }
  };

  return (
    <>
      {waits && mine && (
        <Button variant="default" onClick={() => void withdraw()} disabled={!live}>
          Withdraw
        </Button>
      )}
      {state === 'unknown' &&
        mayIn(session, 'resolve', command.area) &&
        findings.map(({ found, label }) => (
          <Button key={found} variant="default" onClick={() => onSign({ purpose: 'resolve', found })} disabled={!live}>
            {label}
          </Button>
        ))}
      {owes && (
        <Button onClick={() => onSign({ purpose: 'sign' })} disabled={!live}>
          Countersign what was done
        </Button>
      )}
      {waits && state !== 'asked' && (
        <Button variant="default" onClick={() => onSign({ purpose: 'decline' })} disabled={!live}>
          Decline
        </Button>
      )}
      {waits && (
        <Button onClick={() => onSign({ purpose: 'sign' })} disabled={!live}>
          {state === 'awaiting-countersignature' ? 'Countersign' : 'Sign'}
        </Button>
      )}
    </>
  );
}
