// The page of a signed-in person's own password (IDN-2). Loaded when opened. When it was changed the gateway ends the session,
// and the sign-in page appears with that reason.
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useGateway } from '../gateway-context.ts';
import { PasswordChange } from './password-change.tsx';
import '../styles/pages.css';

export function PasswordPage() {
  const gateway = useGateway();
  const client = useQueryClient();
  const navigate = useNavigate();
  return (
    <section className="cs-page">
      <h1>Change password</h1>
      <div className="cs-card" style={{ maxWidth: 480 }}>
        <PasswordChange
          // The live link tells the end of the session as a rule; where it is away, the gateway is asked.
          onDone={() => void gateway.api.session().catch(() => client.invalidateQueries({ queryKey: ['session'] }))}
          onCancel={() => void navigate({ to: '/' })}
        />
      </div>
    </section>
  );
}
