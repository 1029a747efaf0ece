// The commands' desk: what http/routes/commands.ts calls. It holds open commands, hands out statements, takes
// signatures and lets commands expire; viewing.ts shows them. Only the gate it opens writes to equipment.
import type {
  AskedCommand,
  CommandBody,
  CommandView,
  ProposalBody,
  StatementPurposeBody,
} from '../contract/command.ts';
import type { CommandId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { ActionStatement, Offer, SignatureBody } from '../contract/statement.ts';
import { ask, checkAsk } from './asking.ts';
import { viewFor } from './awaiting.ts';
import { BreakGlass } from './break-glass.ts';
import type { WritableTag } from './checks.ts';
import type { CommandRecord } from './command-record.ts';
import type { DeskPorts } from './desk-ports.ts';
import { type AcceptedIntent, type GateRecords, openGate } from './gate.ts';
import { type HeldCommand, HeldCommands } from './held-commands.ts';
import { isOpenForSigning } from './lifecycle.ts';
import { makeOffer } from './offering.ts';
import type { Caller, Machine } from './ports.ts';
import { Proposals } from './proposals.ts';
import { outcomeDraft, refusedSignatureDraft, subjectOf, withdrawnDraft } from './record-drafts.ts';
import { closeAll, takeUp, untilRead } from './recovery.ts';
import { Resolving } from './resolving.ts';
import { owesCountersignatures, recordRefusal, takeSignature } from './taking-signatures.ts';
import { UnrecordedOutcomes } from './unrecorded-outcomes.ts';
import { type CommandPage, commandViews, type ListOnly, unknownCommand } from './viewing.ts';

/** How long the answer to the last signature waits for the outcome (interfaces.md). */
const answerWithinMs = 5_000;
const expiryAgainMs = 1_000;
/** A stop waits this long for outcomes; what is open then is closed by the next start (recovery.ts). */
const drainWithinMs = 15_000;

/** From the statement to the signature, for a countersignature after the fact. */
const afterTheFactMs = 10 * 60_000;

export type ProposalAnswer = Pick<CommandView, 'id' | 'state' | 'expiresAt'>;
type Answer<T> = ({ readonly ok: true } & T) | Refusal;

/**
 * Every method may reject with GatewayError `log-unavailable`: then nothing happened. Refusals of `ask` and `sign` are
 * records before they are answered, and carry the record's number.
 */
export type Desk = {
  ask(caller: Caller, body: CommandBody): Promise<Answer<{ readonly command: AskedCommand }>>;
  /** A statement for the caller's terminal: to sign, to decline, or to resolve an unknown outcome. */
  offer(caller: Caller, id: CommandId, wanted: StatementPurposeBody): Promise<Answer<{ readonly offer: Offer }>>;
  /** With its outcome when it closes within 5 s, else as it then is. */
  sign(caller: Caller, id: CommandId, body: SignatureBody): Promise<Answer<{ readonly command: CommandView }>>;
  /** By who asked for it or signed it first, in his own session, while it waits for signatures. */
  withdraw(caller: Caller, id: CommandId): Promise<Answer<{ readonly command: CommandView }>>;
  get(caller: Caller, id: CommandId): Promise<Answer<{ readonly command: CommandView }>>;
  /** Newest first, as far as the caller may view their areas. `before` is the `next` of the page before; null at first. */
  list(caller: Caller, before: number | null, limit: number, only?: ListOnly): Promise<CommandPage>;
  /** CMD-10: by a machine; it waits until a person signs or declines. Refusals are records as those of `ask`. */
  propose(machine: Machine, body: ProposalBody): Promise<Answer<{ readonly proposal: ProposalAnswer }>>;
  /**
   * Takes up the commands of earlier runs (CMD-6); resolves when all are closed. Must be called once after opening: no
   * command is asked or signed before they are found. Asking is possible while they are being closed.
   */
  recover(): Promise<void>;
  /** Takes nothing more; resolves when what the gate has in hand is closed and recorded, or after 15 s. */
  drain(): Promise<void>;
};

export function openDesk(ports: DeskPorts): Desk {
  const commands = new HeldCommands(ports.append, ports.announce, ports.tags);
  const unrecorded = new UnrecordedOutcomes(commands, ports.wait, ports.reportFault);
  const gate = openGate(ports);
  const resolving = new Resolving(ports, commands);
  const breakGlass = new BreakGlass(ports, commands);
  const proposals = new Proposals(ports, commands);
  const underWay = new Set<Promise<void>>();
  let draining = false;
  let takenUp = false;
  const { promise: whenTakenUp, resolve: markTakenUp } = Promise.withResolvers<void>();

  const views = commandViews(ports, commands, breakGlass, async () => {
    if (!takenUp) await Promise.race([whenTakenUp, ports.wait(answerWithinMs)]);
  });

  /** Why no command is taken at present; null when they are. Waits a while for what earlier runs left open. */
  async function closedForNow(): Promise<Refusal | null> {
    if (!takenUp) await Promise.race([whenTakenUp, ports.wait(answerWithinMs)]);
    if (!takenUp)
      return refuse('starting', 'The gateway does not know yet what its last run left open. Try again in a moment.');
    if (draining) return refuse('starting', 'The gateway is stopping. Try again when it is back.');
    if (unrecorded.any)
      return refuse(
        'log-unavailable',
        'The outcome of an earlier command is not recorded yet; no further command is taken until it is.',
      );
    return null;
  }

  function recordsOf(held: HeldCommand): GateRecords {
    return {
      record: (drafts) => commands.record(held, drafts),
      close: (drafts) => unrecorded.record(held, drafts),
      sent: () => commands.showSent(held),
    };
  }

  function carryOut(held: HeldCommand, accepted: AcceptedIntent): void {
    const work = gate
      .carryOut(accepted, recordsOf(held))
      .catch((fault: unknown) => ports.reportFault(`command ${held.id} was not carried to its end`, fault))
      .finally(() => underWay.delete(work));
    underWay.add(work);
  }

  async function expire(held: HeldCommand): Promise<void> {
    await ports.wait(Math.max(0, held.expiresAtMs - ports.now()) + 1);
    while (isOpenForSigning(held.life)) {
      if (!held.busy && !held.inGate && ports.now() > held.expiresAtMs && !draining) {
        held.inGate = true;
        const text =
          held.life.state === 'proposed'
            ? 'Nobody took up the proposal in time; nothing was written.'
            : 'Nobody completed the signatures in time; nothing was written.';
        const draft = outcomeDraft('command.expired', subjectOf(held.view), { code: 'statement-expired', text });
        await commands.record(held, [draft]).catch((fault: unknown) => {
          ports.reportFault(`the expiry of command ${held.id} is not recorded yet`, fault);
        });
        held.inGate = false;
      }
      if (isOpenForSigning(held.life)) await ports.wait(Math.max(expiryAgainMs, held.expiresAtMs - ports.now() + 1));
    }
  }

  /** CMD-10: checked as if it were asked for now; the statement says what is there now, and lasts as any command's. */
  async function offerProposal(
    caller: Caller,
    held: HeldCommand,
    tag: WritableTag,
  ): Promise<Answer<{ readonly offer: Offer }>> {
    const latest = ports.readLatest(tag);
    const observed = { value: latest.value, sourceTime: latest.sourceTime ?? new Date(ports.now()).toISOString() };
    const body = { tagId: tag.id, value: held.view.value, observed };
    const askable = await checkAsk(ports, breakGlass, caller, body, tag);
    if (!askable.ok) return askable;
    const expiresAt = new Date(ports.now() + tag.setpoint.policy.timeLimitSeconds * 1000).toISOString();
    return { ok: true, offer: makeOffer(held, caller, false, ports, { observed: askable.observed, expiresAt }) };
  }

  function follow(held: HeldCommand): void {
    breakGlass
      .watch(held)
      .catch((fault: unknown) => ports.reportFault(`break-glass command ${held.id} is not watched`, fault));
  }

  /** Proposals and owed countersignatures of earlier runs: they wait on, as if nothing had happened. */
  async function takeUpWaiting(): Promise<void> {
    const found = await untilRead(ports, async () => {
      const histories: (readonly CommandRecord[])[] = [];
      const ids = [...(await ports.findOpenProposals()), ...(await ports.findUnsettledBreakGlass())];
      for (const id of ids)
        if (commands.get(id as CommandId) === undefined) histories.push(await ports.readCommandRecords(id));
      return { histories, known: ids.flatMap((id) => commands.get(id as CommandId) ?? []) };
    });
    for (const held of [...found.known, ...found.histories.flatMap((records) => commands.adopt(records) ?? [])])
      if (held.isBreakGlass) follow(held);
      else if (held.life.state === 'proposed') void expire(held);
  }

  async function resolve(
    caller: Caller,
    id: CommandId,
    statement: ActionStatement,
    body: SignatureBody,
  ): Promise<Answer<{ readonly command: CommandView }>> {
    const about = statement.about === `command:${id}`;
    const held = about ? (commands.get(id) ?? commands.adopt(await ports.readCommandRecords(id))) : null;
    if (held === null) {
      const refusal = refuse('statement-altered', 'The statement is about another command.', { field: 'about' });
      const { seq } = await ports.append(refusedSignatureDraft(caller, id, body.statement, refusal));
      return { ...refusal, record: seq };
    }
    const answer = await resolving.sign(caller, held, statement, body);
    return answer.ok ? { ok: true, command: held.view } : recordRefusal(ports, held, caller, body, answer);
  }

  return {
    async ask(caller, body) {
      const shut = await closedForNow();
      if (shut !== null) return shut;
      const answer = await ask(ports, commands, breakGlass, caller, body);
      if (!answer.ok) return answer;
      const { held, permissives } = answer;
      void expire(held);
      const { statement, requires } = makeOffer(held, caller, false, ports);
      return { ok: true, command: { ...held.view, statement, requires, permissives: [...permissives] } };
    },

    async offer(caller, id, { purpose = 'sign', found }) {
      const shut = await closedForNow();
      if (shut !== null) return shut;
      const seen = await views.visible(caller, id);
      if (!seen.ok) return seen;
      if (purpose === 'resolve') return resolving.offer(caller, seen.command, found);
      const held = commands.get(id);
      if (held !== undefined && held.tag !== null && purpose === 'sign' && owesCountersignatures(held)) {
        const expiresAt = new Date(ports.now() + afterTheFactMs).toISOString();
        return { ok: true, offer: makeOffer(held, caller, false, ports, { expiresAt }) };
      }
      if (held !== undefined && purpose === 'decline' && owesCountersignatures(held))
        return refuse(
          'wrong-stage',
          'This break-glass command has been carried out; declining would undo nothing. Whoever does not stand behind it leaves the countersignature due: it becomes overdue, and stays in every view.',
        );
      if (held === undefined || held.tag === null || !isOpenForSigning(held.life) || held.inGate)
        return refuse('wrong-stage', `The command is ${seen.command.state}; it takes no signature any more.`);
      if (ports.now() > held.expiresAtMs)
        return refuse('statement-expired', 'The time for signing this command has passed. Ask for it again.');
      if (held.life.state === 'proposed' && purpose === 'sign') return offerProposal(caller, held, held.tag);
      return { ok: true, offer: makeOffer(held, caller, purpose === 'decline', ports) };
    },

    async sign(caller, id, body) {
      const shut = await closedForNow();
      if (shut !== null) return shut;
      const resolution = resolving.find(caller, body.statement);
      if (resolution !== null) return resolve(caller, id, resolution, body);
      const held = commands.get(id);
      if (held === undefined) {
        const old = await views.find(id);
        const refusal =
          old === undefined
            ? unknownCommand(id)
            : refuse('wrong-stage', `The command is ${old.state}; it takes no signature any more.`);
        const { seq } = await ports.append(refusedSignatureDraft(caller, id, body.statement, refusal));
        return { ...refusal, record: seq };
      }
      const taken = await takeSignature(ports, commands, breakGlass, gate, held, caller, body, recordsOf(held));
      if (!taken.ok) return taken;
      if (taken.accepted !== null) {
        carryOut(held, taken.accepted);
        if (held.isBreakGlass) follow(held);
        await Promise.race([held.closed, ports.wait(answerWithinMs)]);
      }
      return { ok: true, command: viewFor(held, caller, ports) };
    },

    async withdraw(caller, id) {
      const seen = await views.visible(caller, id);
      if (!seen.ok) return seen;
      const held = commands.get(id);
      if (held === undefined || !isOpenForSigning(held.life) || held.inGate || held.busy)
        return refuse('wrong-stage', `The command is ${seen.command.state}; it cannot be withdrawn any more.`);
      if (held.askedBy !== caller.userId && held.life.signers[0] !== caller.userId)
        return refuse(
          'right-missing',
          'A command is withdrawn by who asked for it, or signed it first. Others decline it.',
        );
      held.inGate = true;
      try {
        await commands.record(held, [withdrawnDraft(caller, subjectOf(held.view))]);
      } finally {
        held.inGate = false;
      }
      return { ok: true, command: held.view };
    },

    get: (caller, id) => views.get(caller, id),

    async propose(machine, body) {
      const shut = await closedForNow();
      if (shut !== null) return shut;
      const answer = await proposals.propose(machine, body);
      if (!answer.ok) return answer;
      if (answer.fresh) void expire(answer.held);
      const { id, state, expiresAt } = answer.held.view;
      return { ok: true, proposal: { id, state, expiresAt } };
    },

    list: (caller, before, limit, only = {}) => views.list(caller, before, limit, only),

    async recover() {
      const open = await takeUp(ports, commands, gate);
      await takeUpWaiting();
      takenUp = true;
      markTakenUp();
      await closeAll(ports, unrecorded, open);
    },

    async drain() {
      draining = true;
      await Promise.race([Promise.allSettled([...underWay]), ports.wait(drainWithinMs)]);
    },
  };
}
