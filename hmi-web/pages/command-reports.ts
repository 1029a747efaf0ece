// Follows one command until it is closed: by live events, and by asking each second should an event be missed.
// Used by the change dialog and the command page.
import { useEffect, useRef } from 'react';
import type { CommandView } from '../../gateway/contract/command.ts';
import { useGateway } from '../gateway-context.ts';
import { isClosed } from '../model/command-fate.ts';

const askEveryMs = 2_000;

export function useCommandReports(commandId: string | null, onReport: (command: CommandView) => void): void {
  const gateway = useGateway();
  const report = useRef(onReport);
  report.current = onReport;
  useEffect(() => {
    if (commandId === null) return;
    let over = false;
    const note = (command: CommandView) => {
      if (command.id !== commandId || over) return;
      over = isClosed(command.state) && command.state !== 'unknown';
      report.current(command);
    };
    const stop = gateway.listen({ command: note, connection: () => {}, signedOut: () => {} });
    const timer = setInterval(() => {
      if (!over) gateway.api.command(commandId).then(note, () => {});
    }, askEveryMs);
    return () => {
      over = true;
      clearInterval(timer);
      stop();
    };
  }, [gateway, commandId]);
}
