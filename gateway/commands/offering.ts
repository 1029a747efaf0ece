// The statement that a person at a terminal is to sign for a command (SIG-6), and what the signature must bring.
// Used when a command is asked, and for every further signer. It signs and records nothing.
import { GatewayError } from '../contract/problem.ts';
import type { CommandStatement, Offer, Requires } from '../contract/statement.ts';
import { newNonce } from '../signing/issued-statements.ts';
import type { Observed, WritableTag } from './checks.ts';
import type { ComponentsNeeded, ConfigurationInForce, PasskeyRequest } from './desk-ports.ts';
import type { HeldCommand } from './held-commands.ts';
import type { Caller } from './ports.ts';

export type CommandOffer = Offer & { readonly statement: CommandStatement };

/**
 * What a statement says where the command's own words do not hold: of a proposal that is about to be taken up, the value
 * that is there now and the time from now on; of a countersignature after the fact (CMD-13), a time of its own.
 */
export type OfferTerms = { readonly observed?: Observed; readonly expiresAt?: string };

/** A fresh statement for the caller's terminal: one nonce, one use, expiring with the command. */
export function makeOffer(
  held: HeldCommand,
  caller: Caller,
  decline: boolean,
  ports: ComponentPorts & { readonly configuration: ConfigurationInForce },
  terms: OfferTerms = {},
): CommandOffer {
  const { view, tag } = held;
  if (tag === null) throw new GatewayError('internal-fault', 'a command without a tag is not offered');
  const { seq, digest } = ports.configuration();
  const preceding = held.lastSignatureDigest;
  const expiresAt = terms.expiresAt ?? view.expiresAt;
  const statement: CommandStatement = {
    version: 1,
    purpose: decline ? 'decline' : preceding === null ? 'command' : 'countersign',
    command: held.id,
    tag: tag.id,
    description: view.description,
    observed: terms.observed ?? view.observed,
    value: view.value,
    unit: view.unit,
    terminal: caller.terminalId,
    nonce: newNonce(),
    expiresAt,
    configuration: { seq, digest },
    ...(preceding === null ? {} : { countersigns: preceding }),
    ...(held.isBreakGlass ? { breakGlass: true as const } : {}),
  };
  held.offer(statement);
  return { statement, expiresAt, requires: requirements(held, caller, statement.purpose, ports) };
}

/** What a signature of this purpose must bring, by the policy of the tag and the caller's session (SIG-2, SIG-3). */
export function requirements(
  held: HeldCommand,
  caller: Caller,
  purpose: CommandStatement['purpose'],
  ports: ComponentPorts,
): Requires {
  if (held.tag === null) throw new GatewayError('internal-fault', 'a command without a tag is not offered');
  const { signaturesNeeded, signaturesDue, signers } = held.life;
  // CMD-13: the one signature that it is carried out on is complete, and says in words why nobody else could sign.
  const alone = held.isBreakGlass && purpose === 'command';
  const further = purpose === 'decline' ? 0 : Math.max(0, signaturesNeeded + signaturesDue - signers.length - 1);
  return requirementsOf(held.tag.setpoint.policy, caller, purpose, alone, further, ports);
}

/** The same for a command that nobody has asked for yet: so the dialog can be filled in at once (HMI-3). */
export function firstRequirements(tag: WritableTag, caller: Caller, alone: boolean, ports: ComponentPorts): Requires {
  const { policy } = tag.setpoint;
  return requirementsOf(policy, caller, 'command', alone, policy.signatures - 1, ports);
}

function requirementsOf(
  policy: WritableTag['setpoint']['policy'],
  caller: Caller,
  purpose: CommandStatement['purpose'],
  alone: boolean,
  countersignatures: number,
  ports: ComponentPorts,
): Requires {
  // A proposal under such a policy is declined by whoever could have signed it.
  const withoutCountersigners = policy.countersignMeanings.length === 0;
  const components = ports.componentsNeeded(caller, policy.components);
  const passkey = components.includes('passkey') ? ports.passkeyRequest?.(caller) : undefined;
  return {
    components: alone ? completeComponents(components) : components,
    ...(passkey === undefined ? {} : { passkey }),
    meanings: [...(purpose === 'command' || withoutCountersigners ? policy.meanings : policy.countersignMeanings)],
    reasonCodes: policy.reasonCodes.map(({ code, text }) => ({ code, text })),
    // Who declines says why in his own words.
    reason: purpose === 'decline' ? 'optional' : policy.reason,
    comment: purpose === 'decline' || alone ? 'required' : policy.comment,
    countersignatures,
  };
}

export type ComponentPorts = { readonly componentsNeeded: ComponentsNeeded; readonly passkeyRequest?: PasskeyRequest };

function completeComponents(needed: Requires['components']): Requires['components'] {
  return needed.includes('username') ? needed : ['username', ...needed];
}
