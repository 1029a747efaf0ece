// Setpoints that other systems propose (CMD-10): checked for type and range, recorded, and held until a person turns one
// into a command by signing, declines it, or its time is over. Called by the desk. No device is touched, nothing signed.
import { randomUUID } from 'node:crypto';
import type { ProposalBody } from '../contract/command.ts';
import { type CommandId, commandIdSchema } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import { checkValue, isWritable, type WritableTag } from './checks.ts';
import type { DeskPorts } from './desk-ports.ts';
import type { HeldCommand, HeldCommands } from './held-commands.ts';
import type { Machine } from './ports.ts';
import { outcomeDraft, proposedDraft, refusedProposalDraft, subjectOf } from './record-drafts.ts';

/** Proposals of one token that may wait for a person, and that it may make within a minute; beyond: too-many-requests. */
export const waitingPerToken = 20;
export const perTokenAndMinute = 60;
const minuteMs = 60_000;
/** Tokens counted apart; the oldest count gives way. */
const tokensCounted = 1_000;
const usualMinutes = 60;

export class Proposals {
  readonly #ports: DeskPorts;
  readonly #commands: HeldCommands;
  readonly #lately = new Map<string, readonly number[]>();
  /** One at a time per token, so that two for one tag are coalesced whichever comes first. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(ports: DeskPorts, commands: HeldCommands) {
    this.#ports = ports;
    this.#commands = commands;
  }

  /**
   * Holds it as `proposed`, `fresh` where it is a new one. The same value for the same tag again is the same proposal;
   * another value takes its place. Refusals carry their record, but for too-many-requests, which the edge counts.
   */
  async propose(
    machine: Machine,
    body: ProposalBody,
  ): Promise<{ readonly ok: true; readonly held: HeldCommand; readonly fresh: boolean } | Refusal> {
    const token = machine.actor.id;
    const before = this.#turns.get(token) ?? Promise.resolve();
    const mine = before.then(() => this.#take(machine, body));
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(token, settled);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(token) === settled) this.#turns.delete(token);
    }
  }

  async #take(
    machine: Machine,
    body: ProposalBody,
  ): Promise<{ readonly ok: true; readonly held: HeldCommand; readonly fresh: boolean } | Refusal> {
    if (!this.#withinRate(machine.actor.id))
      return refuse('too-many-requests', `A token may propose ${perTokenAndMinute} times a minute at most.`);
    const tag = this.#ports.tags.get(body.tagId);
    if (tag === undefined) return this.#refused(machine, body, null, unknownTag(body));
    if (!machine.mayActIn(tag.area))
      return this.#refused(
        machine,
        body,
        tag.unit,
        refuse('right-missing', `This token may not propose for the area ${tag.area}.`),
      );
    if (!isWritable(tag))
      return this.#refused(
        machine,
        body,
        tag.unit,
        refuse('tag-not-writable', `${tag.id} can be read only; it is not a setpoint.`, { field: 'tagId' }),
      );
    const value = checkValue(tag, body.value);
    if (!value.ok) return this.#refused(machine, body, tag.unit, value);
    const own = this.#commands
      .open()
      .filter((held) => held.life.state === 'proposed' && held.view.proposal?.token.id === machine.actor.id);
    const former = own.find((held) => held.view.tagId === tag.id && !held.busy && !held.inGate);
    if (former?.view.value === value.value) return { ok: true, held: former, fresh: false };
    if (former === undefined && own.length >= waitingPerToken)
      return refuse('too-many-requests', `${waitingPerToken} proposals of this token wait for a person already.`);
    return this.#hold(machine, body, tag, value.value, former);
  }

  async #hold(
    machine: Machine,
    body: ProposalBody,
    tag: WritableTag,
    value: ProposalBody['value'],
    former: HeldCommand | undefined,
  ): Promise<{ readonly ok: true; readonly held: HeldCommand; readonly fresh: boolean }> {
    const nowMs = this.#ports.now();
    const latest = this.#ports.readLatest(tag);
    const observed = {
      value: latest.value,
      quality: latest.quality,
      sourceTime: latest.sourceTime ?? new Date(nowMs).toISOString(),
    };
    const minutes = tag.setpoint.policy.proposalMinutes ?? usualMinutes;
    const expiresAt = new Date(nowMs + minutes * minuteMs).toISOString();
    const id = commandIdSchema.parse(randomUUID());
    if (former !== undefined) await this.#supersede(former, id);
    const held = await this.#commands.begin(proposedDraft(machine, id, tag, body, value, observed, expiresAt));
    return { ok: true, held, fresh: true };
  }

  async #supersede(former: HeldCommand, by: CommandId): Promise<void> {
    former.inGate = true;
    try {
      const text = `The sender proposed another value in its place (${by}); nothing was written.`;
      await this.#commands.record(former, [
        outcomeDraft('command.withdrawn', subjectOf(former.view), { code: 'superseded', text }),
      ]);
    } finally {
      former.inGate = false;
    }
  }

  #withinRate(token: string): boolean {
    const nowMs = this.#ports.now();
    const lately = (this.#lately.get(token) ?? []).filter((atMs) => nowMs - atMs < minuteMs);
    const within = lately.length < perTokenAndMinute;
    this.#lately.delete(token);
    this.#lately.set(token, within ? [...lately, nowMs] : lately);
    const [oldest] = this.#lately.keys();
    if (this.#lately.size > tokensCounted && oldest !== undefined) this.#lately.delete(oldest);
    return within;
  }

  async #refused(machine: Machine, body: ProposalBody, unit: string | null, refusal: Refusal): Promise<Refusal> {
    const { seq } = await this.#ports.append(refusedProposalDraft(machine, body, unit, refusal));
    return { ...refusal, record: seq };
  }
}

function unknownTag(body: ProposalBody): Refusal {
  return refuse('tag-unknown', `There is no tag ${body.tagId}.`, { field: 'tagId' });
}
