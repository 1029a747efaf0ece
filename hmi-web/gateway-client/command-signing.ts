// One signature on one command: sign, send, and where the statement was used up or has aged, once more with a new one
// that says the same. Called by the change dialog and by the command page.

import { canonicalJson, type Json } from '../../gateway/contract/canonical.ts';
import type { CommandView } from '../../gateway/contract/command.ts';
import type { Offer, SignatureBody, Statement } from '../../gateway/contract/statement.ts';
import type { Gateway } from './gateway.ts';
import { askPasskey } from './passkeys.ts';
import { Refused } from './request.ts';
import type { Signer } from './statement-signing.ts';

export type SignaturePerson = Signer & {
  readonly username: string | undefined;
  /** Empty where the policy asks for none. */
  readonly password: string;
  /** Somebody else than the person of the session signs (SIG-4). */
  readonly otherPerson?: boolean;
};

/** Refusals that use up or outlive the statement, not the command. */
const renewable = new Set(['statement-reused', 'statement-expired']);

/**
 * The command after the signature. `renew` fetches a new statement for the same command and purpose. Throws Refused with
 * the gateway's reason; `onRenewed` tells of a new statement, so that the dialog goes on with it.
 */
export async function signCommand(
  gateway: Gateway,
  commandId: string,
  offer: Offer,
  person: SignaturePerson,
  renew: () => Promise<Offer>,
  onRenewed: (offer: Offer) => void,
): Promise<CommandView> {
  try {
    return await sendSignature(gateway, commandId, offer, person);
  } catch (error) {
    if (!(error instanceof Refused) || !renewable.has(error.problem.code)) throw error;
    const fresh = await renew();
    if (essence(fresh.statement) !== essence(offer.statement)) throw error;
    onRenewed(fresh);
    return await sendSignature(gateway, commandId, fresh, person);
  }
}

async function sendSignature(
  gateway: Gateway,
  id: string,
  offer: Offer,
  person: SignaturePerson,
): Promise<CommandView> {
  return gateway.api.signCommand(id, await signatureBody(gateway, offer, person));
}

/** The body of a `…/signatures` route. */
export async function signatureBody(gateway: Gateway, offer: Offer, person: SignaturePerson): Promise<SignatureBody> {
  const { username, password, otherPerson, ...signer } = person;
  const statement = await gateway.sign(offer.statement, signer);
  const { components, passkey } = offer.requires;
  return {
    statement,
    ...(password !== '' && { password }),
    ...(username !== undefined && { username }),
    ...(components.includes('passkey') && {
      assertion: await askPasskey(statement, passkey, otherPerson === true),
    }),
  };
}

/** What a person decides about: everything but nonce and expiry. */
function essence(statement: Statement): string {
  const { nonce: _nonce, expiresAt: _expiresAt, ...rest } = statement;
  return canonicalJson(rest as Json);
}
