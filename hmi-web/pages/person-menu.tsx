// Who is signed in, at which terminal, and the way out. Part of the header.
import { Popover } from '@mantine/core';
import { IconCertificate, IconFingerprint, IconLogout, IconUser } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useGateway, useSession } from '../gateway-context.ts';
import { shouldCertify } from '../model/permissions.ts';

export function PersonMenu() {
  const gateway = useGateway();
  const client = useQueryClient();
  const session = useSession();
  const [opened, setOpened] = useState(false);
  const days = session.passwordExpiresInDays;

  const signOut = async () => {
    try {
      await gateway.api.signOut();
    } finally {
      // Signed out here in any case; a session that the gateway still holds ends there by idling.
      gateway.stopLive();
      client.setQueryData(['session'], null);
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'plant' && query.queryKey[0] !== 'session' });
    }
  };

  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={300} trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className="cs-person" aria-expanded={opened} onClick={() => setOpened(!opened)}>
          <IconUser size={20} aria-hidden="true" />
          <span>
            <strong>{session.user.printedName}</strong>
            <small>{session.terminal.name}</small>
          </span>
        </button>
      </Popover.Target>
      <Popover.Dropdown className="cs-person-menu">
        <p>
          <strong>{session.user.printedName}</strong>
          <br />
          <span className="cs-muted">
            {session.user.name} · {session.user.groups.join(', ')}
          </span>
        </p>
        <p className="cs-muted">
          Terminal {session.terminal.name}
          {session.terminal.location !== '' && `, ${session.terminal.location}`}
          <code className="cs-break">{session.terminal.id}</code>
        </p>
        {days !== null && days <= 14 && <p>Your password expires in {days} days.</p>}
        <Link to="/certification" className="cs-menu-entry" onClick={() => setOpened(false)}>
          <IconCertificate size={20} aria-hidden="true" />
          {shouldCertify(session) ? 'Certify your signature' : 'Certification'}
        </Link>
        <Link to="/passkeys" className="cs-menu-entry" onClick={() => setOpened(false)}>
          <IconFingerprint size={20} aria-hidden="true" />
          Passkeys
        </Link>
        <button type="button" className="cs-menu-entry" onClick={() => void signOut()}>
          <IconLogout size={20} aria-hidden="true" />
          Sign out
        </button>
      </Popover.Dropdown>
    </Popover>
  );
}
