// The statement that a person at a terminal is to sign for a command (SIG-6), and what the signature must bring.
// Used when a command is asked, and for every further signer. It signs and records nothing.
import { GatewayError } from '../contract/problem.ts';
import type { CommandStatement, Offer, Requires } from '../contract/statement.ts';
import { newNonce } from '../signing/issued-statements.ts';
import { signatureDigest } from '../signing/stored-signature.ts';
import type { ComponentsNeeded, ConfigurationInForce } from './desk-ports.ts';
import type { HeldCommand } from './held-commands.ts';
import { missingSignatures } from './lifecycle.ts';
import type { Caller } from './ports.ts';

export type CommandOffer = Offer & { readonly statement: CommandStatement };

/** A fresh statement for the caller's terminal: one nonce, one use, expiring with the command. */
export function makeOffer(
  held: HeldCommand,
  caller: Caller,
  decline: boolean,
  ports: { readonly configuration: ConfigurationInForce; readonly componentsNeeded: ComponentsNeeded },
): CommandOffer {
  const { view, tag } = held;
  if (tag === null) throw new GatewayError('internal-fault', 'a command without a tag is not offered');
  const { seq, digest } = ports.configuration();
  const preceding = held.given.at(-1);
  const statement: CommandStatement = {
    version: 1,
    purpose: decline ? 'decline' : preceding === undefined ? 'command' : 'countersign',
    command: held.id,
    tag: tag.id,
    description: view.description,
    observed: view.observed,
    value: view.value,
    unit: view.unit,
    terminal: caller.terminalId,
    nonce: newNonce(),
    expiresAt: view.expiresAt,
    configuration: { seq, digest },
    ...(preceding === undefined ? {} : { countersigns: signatureDigest(preceding.jws) }),
  };
  held.offer(statement);
  return { statement, expiresAt: view.expiresAt, requires: requirements(held, caller, statement.purpose, ports) };
}

/** What a signature of this purpose must bring, by the policy of the tag and the caller's session (SIG-2, SIG-3). */
export function requirements(
  held: HeldCommand,
  caller: Caller,
  purpose: CommandStatement['purpose'],
  ports: { readonly componentsNeeded: ComponentsNeeded },
): Requires {
  if (held.tag === null) throw new GatewayError('internal-fault', 'a command without a tag is not offered');
  const { policy } = held.tag.setpoint;
  return {
    components: ports.componentsNeeded(caller),
    meanings: [...(purpose === 'command' ? policy.meanings : policy.countersignMeanings)],
    reasonCodes: policy.reasonCodes.map(({ code, text }) => ({ code, text })),
    // Who declines says why in his own words.
    reason: purpose === 'decline' ? 'optional' : policy.reason,
    comment: purpose === 'decline' ? 'required' : policy.comment,
    countersignatures: purpose === 'decline' ? 0 : Math.max(0, missingSignatures(held.life) - 1),
  };
}
