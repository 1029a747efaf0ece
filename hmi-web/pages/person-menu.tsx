// Who is signed in, at which terminal, and the way out. Part of the header; the browser's own popover: it closes by a touch
// elsewhere or by Escape, and gives the focus back.
import { IconCertificate, IconFingerprint, IconLogout, IconPassword, IconUser } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useId, useRef } from 'react';
import { useGateway, useSession } from '../gateway-context.ts';
import { shouldCertify } from '../model/permissions.ts';

export function PersonMenu() {
  const gateway = useGateway();
  const client = useQueryClient();
  const session = useSession();
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const close = () => menu.current?.hidePopover();
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
    <>
      <button ref={button} type="button" className="cs-person" popoverTarget={id}>
        <IconUser size={20} aria-hidden="true" />
        <span>
          <strong>{session.user.printedName}</strong>
          <small>{session.terminal.name}</small>
        </span>
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        className="cs-person-menu"
        onBeforeToggle={(event) => {
          // Banners may stand above the header: the menu goes where its button is.
          const below = (button.current?.getBoundingClientRect().bottom ?? 0) + 6;
          if (event.newState === 'open') event.currentTarget.style.top = `${below}px`;
        }}
      >
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
        {days !== null && days <= 14 && <p>Your password expires in {days === 1 ? 'one day' : `${days} days`}.</p>}
        <Link to="/certification" className="cs-menu-entry" onClick={close}>
          <IconCertificate size={20} aria-hidden="true" />
          {shouldCertify(session) ? 'Certify your signature' : 'Certification'}
        </Link>
        <Link to="/passkeys" className="cs-menu-entry" onClick={close}>
          <IconFingerprint size={20} aria-hidden="true" />
          Passkeys
        </Link>
        <Link to="/password" className="cs-menu-entry" onClick={close}>
          <IconPassword size={20} aria-hidden="true" />
          Change password
        </Link>
        <button type="button" className="cs-menu-entry" onClick={() => void signOut()}>
          <IconLogout size={20} aria-hidden="true" />
          Sign out
        </button>
      </div>
    </>
  );
}
