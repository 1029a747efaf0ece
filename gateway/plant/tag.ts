// The plant's model: areas, connections, tags, setpoint rules. Built once by settings/, immutable afterwards.
// Everything here is resolved: references exist, ranges make sense, addresses are parsed by their protocol.
import type { AreaId, ConnectionId, TagId } from '../contract/ids.ts';
import type { SigningComponents } from '../contract/passkey.ts';
import type { Meaning } from '../contract/statement.ts';
import type { DataType, TagValue } from '../contract/values.ts';
import type { Permissive, Test } from './condition.ts';

export type Area = {
  readonly id: AreaId;
  readonly name: string;
  readonly parent: AreaId | null;
  readonly screen: string | null;
};

export type Connection = {
  readonly id: ConnectionId;
  /** Key of the protocol registry: `opcua`, `modbus`. */
  readonly protocol: string;
  /** For people: `opc.tcp://127.0.0.1:4840`. */
  readonly endpoint: string;
  /** Parsed by the protocol's own schema. */
  readonly options: unknown;
  /** A connection silent for this long turns its values bad (DRV-5). */
  readonly lostAfterMs: number;
};

/** Linear scaling: engineering value = raw × factor + offset. */
export type Scaling = { readonly factor: number; readonly offset: number };

export type SetpointRule = {
  /** Engineering units; null for a boolean or where the data type alone limits. */
  readonly min: number | null;
  readonly max: number | null;
  /** Largest change from the observed value in one command. */
  readonly maxStep: number | null;
  /** Grid of permitted values, counted from min (or 0); null: as fine as the device. */
  readonly resolution: number | null;
  /** Engineering units; how far a fresh read or read-back may differ and still count as equal. */
  readonly tolerance: number;
  readonly settleMs: number;
  /** After settling, how long the read-back may still be repeated until it agrees. */
  readonly confirmWithinMs: number;
  /** The device must have vouched for the observed value within this (CMD-3). */
  readonly freshnessMs: number;
  readonly consequence: string;
  readonly follows: TagId | null;
  /** All must be met, when a command is asked for and right before its write (CMD-2). */
  readonly permissives: readonly Permissive[];
  readonly rate: RateLimit | null;
  /** From one write of the tag to the next; null: none. */
  readonly minIntervalMs: number | null;
  readonly confirm: Confirmation;
  /** While it is met, the plant moves the setpoint itself, and that is no unattributed change (CMD-11); absent: never. */
  readonly movedByPlantWhen?: Permissive | undefined;
  readonly policy: SigningPolicy;
};

/** No command takes the setpoint further than `max` (engineering units) from any value that it had within `withinMs`. */
export type RateLimit = { readonly max: number; readonly withinMs: number };

/** What confirms a write (CMD-5), besides the device's answer. */
export type Confirmation = {
  /** Null: the point holds what was written. Else it returns to this value by itself: a pulse. */
  readonly rest: TagValue;
  /** A tag that shows what the equipment did; null: the point itself is all there is. */
  readonly feedback: { readonly tag: TagId; readonly test: Test } | null;
};

/** signing.yaml: what a class of tags asks of its signers (SIG-2, SIG-5). */
export type SigningPolicy = {
  readonly name: string;
  readonly reasonCodes: readonly { readonly code: string; readonly text: string }[];
  readonly reason: 'required' | 'optional';
  readonly comment: 'required' | 'optional' | 'none';
  readonly meanings: readonly Meaning[];
  readonly countersignMeanings: readonly Meaning[];
  /** 1 to 4 signers in all. */
  readonly signatures: number;
  /** What makes a signature (SIG-7); absent: the password. */
  readonly components?: SigningComponents | undefined;
  /** From the asking to the last signature, seconds. */
  readonly timeLimitSeconds: number;
  /** CMD-13; absent: not allowed. The countersignatures left out are due within `dueMinutes` of the acceptance. */
  readonly breakGlass?: { readonly allowed: boolean; readonly dueMinutes: number } | undefined;
  /** CMD-10: how long a machine's proposal waits for a person; absent: 60 minutes. */
  readonly proposalMinutes?: number | undefined;
};

export type Tag = {
  /** Dense index: position in Plant.tags, used by tag store and live frames. */
  readonly index: number;
  readonly id: TagId;
  readonly area: AreaId;
  readonly connection: ConnectionId;
  readonly description: string;
  readonly dataType: DataType;
  readonly unit: string;
  readonly decimals: number;
  readonly states: { readonly [value: string]: string } | null;
  readonly range: { readonly min: number; readonly max: number } | null;
  readonly scaling: Scaling | null;
  /** Parsed by the protocol's own address schema. */
  readonly address: unknown;
  /** Canonical name of the device address, equal for two tags that would write the same place (CMD-7). */
  readonly deviceAddress: string;
  readonly setpoint: SetpointRule | null;
};

export type Plant = {
  readonly name: string;
  readonly timeZone: string;
  readonly demo: boolean;
  readonly areas: readonly Area[];
  readonly connections: readonly Connection[];
  readonly tags: readonly Tag[];
};
