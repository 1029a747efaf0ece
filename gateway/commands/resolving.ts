// An unknown outcome is shown until a person who looked at the equipment resolves it with a signature (CMD-6). Called
// by desk.ts for statements of purpose `resolve` and for their signatures. It writes to no device and reads none.
import type { Json } from '../contract/canonical.ts';
import type { CommandView, StatementPurposeBody } from '../contract/command.ts';
import type { SigningComponents } from '../contract/passkey.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { ActionStatement, Offer, Requires, SignatureBody } from '../contract/statement.ts';
import { IssuedStatements } from '../signing/issued-statements.ts';
import { claimedNonce, verifySignedStatement } from '../signing/verify-statement.ts';
import type { DeskPorts } from './desk-ports.ts';
import type { HeldCommand, HeldCommands } from './held-commands.ts';
import type { Caller } from './ports.ts';
import { resolvedDraft, subjectOf } from './record-drafts.ts';

type Found = NonNullable<StatementPurposeBody['found']>;

/** From the offer to the signature. */
const offeredForMs = 10 * 60_000;

const foundTexts: { readonly [found in Found]: string } = {
  reached: 'The device was found to hold the new value.',
  'not-reached': 'The device was found not to have taken the value.',
  'cannot-be-told': 'It was looked into, and it can no longer be told whether the device took the value.',
};

export class Resolving {
  readonly #ports: DeskPorts;
  readonly #commands: HeldCommands;
  readonly #issued = new IssuedStatements();

  constructor(ports: DeskPorts, commands: HeldCommands) {
    this.#ports = ports;
    this.#commands = commands;
  }

  /** A statement about what was found. Refuses wrong-stage, right-missing, malformed-request, too-many-requests. */
  offer(
    caller: Caller,
    command: CommandView,
    found: Found | undefined,
  ): { readonly ok: true; readonly offer: Offer } | Refusal {
    if (command.state !== 'unknown')
      return refuse('wrong-stage', `The command is ${command.state}; only an unknown outcome is resolved.`);
    if (found === undefined)
      return refuse('malformed-request', 'Say what was found: reached, not-reached or cannot-be-told.', {
        field: 'found',
      });
    const nowMs = this.#ports.now();
    const issued = this.#issued.issue(
      {
        purpose: 'resolve',
        about: `command:${command.id}`,
        description: `${command.description}: ${foundTexts[found]}`,
        change: { found, tag: command.tagId, value: command.value, unit: command.unit },
      },
      {
        terminal: caller.terminalId,
        configuration: this.#ports.configuration(),
        nowMs,
        expiresAtMs: nowMs + offeredForMs,
      },
    );
    if (!issued.ok) return issued;
    const { statement } = issued;
    return {
      ok: true,
      offer: { statement, expiresAt: statement.expiresAt, requires: this.#requires(caller, this.#policyOf(command)) },
    };
  }

  /** The offer that a JWS answers to; null where its nonce is none of a resolution's. */
  find(caller: Caller, jws: string): ActionStatement | null {
    const claimed = claimedNonce(jws);
    if (!claimed.ok) return null;
    const found = this.#issued.find(caller.terminalId, claimed.nonce);
    return found.ok ? found.statement : null;
  }

  /** `statement` is the offer about this command. Takes the signature and records command.resolved. Refusals are the caller's to record. */
  async sign(
    caller: Caller,
    held: HeldCommand,
    statement: ActionStatement,
    body: SignatureBody,
  ): Promise<{ readonly ok: true } | Refusal> {
    const ports = this.#ports;
    const publicKey = ports.publicKeyOf(caller.terminalId);
    if (publicKey === undefined) return refuse('terminal-unknown', 'This terminal is not enrolled, or not any more.');
    const verified = await verifySignedStatement(
      body.statement,
      statement,
      publicKey,
      ports.now(),
      this.#requires(caller, held.tag?.setpoint.policy.components),
    );
    if (!verified.ok) return verified;
    const about = { command: held.id, subject: held.view.tagId };
    const policy = held.tag?.setpoint.policy.components;
    const { signer: claimed } = verified.part;
    const signer = await ports.checkSigner(caller, claimed, body, 'resolve', held.view.area, about, policy);
    if (!signer.ok) return signer;
    const found = foundIn(statement.change);
    if (held.life.state !== 'unknown' || found === null)
      return refuse('wrong-stage', `The command is ${held.view.state}; only an unknown outcome is resolved.`);
    if (!this.#issued.use(statement)) return refuse('statement-reused', 'This statement was signed before.');
    const outcome = { code: found, text: `${signer.actor.printedName} resolved it: ${foundTexts[found]}` };
    await this.#commands.record(held, [
      resolvedDraft(caller, signer, subjectOf(held.view), verified.part, body.statement, outcome),
    ]);
    return { ok: true };
  }

  #policyOf(command: CommandView): SigningComponents | undefined {
    return this.#ports.tags.get(command.tagId)?.setpoint?.policy.components;
  }

  /** The same components as for signing a change of the tag (SIG-7). */
  #requires(caller: Caller, policy: SigningComponents | undefined): Requires {
    const components = this.#ports.componentsNeeded(caller, policy);
    const passkey = components.includes('passkey') ? this.#ports.passkeyRequest?.(caller) : undefined;
    return {
      components,
      ...(passkey === undefined ? {} : { passkey }),
      meanings: ['review', 'responsibility'],
      reasonCodes: [],
      reason: 'optional',
      // What was looked at, and how.
      comment: 'required',
      countersignatures: 0,
    };
  }
}

function foundIn(change: { readonly [name: string]: Json | undefined }): Found | null {
  const { found } = change;
  return typeof found === 'string' && Object.hasOwn(foundTexts, found) ? (found as Found) : null;
}
