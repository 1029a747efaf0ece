// What the session may do where: predicates beside the data, which drive buttons and pages. Pure.
// They only hide what would be refused; the gateway decides each time.
import type { AreaId } from '../../gateway/contract/ids.ts';
import type { Permission, SessionView } from '../../gateway/contract/session.ts';

type Rights = Pick<SessionView, 'permissions'>;

export function mayIn(session: Rights, permission: Permission, area: AreaId): boolean {
  return session.permissions.some((entry) => entry.area === area && entry.permissions.includes(permission));
}
export function mayAnywhere(session: Rights, permission: Permission): boolean {
  return session.permissions.some((entry) => entry.permissions.includes(permission));
}
/** Areas that the session may see, as the live link asks for them. */
export function visibleAreas(session: Rights): readonly AreaId[] {
  return session.permissions.filter((entry) => entry.permissions.includes('view')).map((entry) => entry.area);
}
const signingRights = ['command', 'verify', 'resolve', 'administer'] as const;
/** Whoever may sign something must have certified once (SIG-9). */
export function shouldCertify(session: Rights & Pick<SessionView, 'certified'>): boolean {
  return !session.certified && signingRights.some((permission) => mayAnywhere(session, permission));
}
