// The port that every protocol implements (DRV-7: one folder, one line in registry.ts). A driver knows tags and samples
// and not who listens. It writes only what commands/gate.ts authorised, and never on its own account.
import type { z } from 'zod';
import type { AuthorisedWrite } from '../commands/gate.ts';
import type { WriteResult } from '../commands/ports.ts';
import type { connectionStates } from '../contract/tag.ts';
import type { DeviceReading, SampleBatch } from '../plant/sample.ts';
import type { Connection, Tag } from '../plant/tag.ts';
import type { WritePlace } from '../plant/write-place.ts';

export type ConnectionState = (typeof connectionStates)[number];

export type DriverListener = {
  /** Changed or first values, and losses; never called for a tag twice in one batch. */
  readonly samples: (batch: SampleBatch) => void;
  /**
   * The source vouched for these tags' present values at `atMs`, changed or not (publish response, keep-alive, poll).
   * `tagIndexes` is the same array each time for one subscription or poll group.
   */
  readonly vouched: (tagIndexes: readonly number[], atMs: number) => void;
  readonly state: (state: ConnectionState, error: string | null) => void;
};

export type Driver = {
  /** Starts connecting and keeps at it with back-off; resolves at once, never rejects because the device is away. */
  start(): Promise<void>;
  /** Closes everything; resolves when no socket is open. */
  stop(): Promise<void>;
  /** A read of the device itself, issued after the call; never an older answer. */
  read(tag: Tag, timeoutMs: number): Promise<DeviceReading>;
  /** Takes the write (single use) and sends it once, or does not; holds none over a reconnection. */
  write(write: AuthorisedWrite): Promise<WriteResult>;
};

export type DriverSettings = {
  readonly connection: Connection;
  readonly tags: readonly Tag[];
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  /** Where a protocol may keep certificates and keys; absent: a folder of its own below the system's temporary one. */
  readonly dataFolder?: string | undefined;
};

export type Protocol = {
  readonly name: string;
  /** Options of a connection of this protocol in connections.yaml, with endpoint. */
  readonly connectionSchema: z.ZodType;
  readonly addressSchema: z.ZodType;
  /** For people and screens: `opc.tcp://host:port`. */
  readonly endpointOf: (options: unknown) => string;
  /** Same text for two tags that would write the same place in the device; null when the address cannot be written. */
  readonly deviceAddress: (address: unknown) => string | null;
  /** Where a write goes in the device, the same device through whatever connection; null when it cannot be written. */
  readonly writePlace: (options: unknown, address: unknown) => WritePlace | null;
  readonly create: (settings: DriverSettings, listener: DriverListener) => Driver;
};
