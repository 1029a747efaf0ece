// Did signer and terminal stand when a signature was given (AUD-5, IDN-10)? Walks the log's own word on accounts,
// certifications, terminals and configuration, and holds each signature against the records that it names. Used by every
// verifier, with the records in order. Pure. What it cannot know (a password, a network) it does not claim.
import { hash } from 'node:crypto';
import { z } from 'zod';
import { canonicalBytes, type Json } from '../contract/canonical.ts';
import { areaIdSchema } from '../contract/ids.ts';
import { permissionSchema } from '../contract/session.ts';
import { groupsAllow } from '../plant/access.ts';
import { type AreaPlace, areaLine } from '../plant/areas.ts';
import type { ParsedRecord } from './parsed-record.ts';
import { parseTime, projectionOf } from './record.ts';

/** A signer's records are read, his password is checked, then the signature is appended: what changed meanwhile is newer. */
const checkedBeforeUs = 60_000_000;

const namesSchema = z.array(z.string());
const accountPartSchema = z.object({
  groups: namesSchema.optional(),
  status: z.string().optional(),
  lockedAtTerminals: namesSchema.optional(),
});
const terminalPartSchema = z.object({ areas: z.array(areaIdSchema).optional(), status: z.string().optional() });
const grantSchema = z.object({
  area: areaIdSchema,
  allow: z.array(permissionSchema).default([]),
  deny: z.array(permissionSchema).default([]),
});
/** What a configuration's record says about rights; the rest of it is passed over. */
const configurationSchema = z.object({
  gateway: z.object({
    groups: z.array(z.object({ id: z.string(), name: z.string(), grants: z.array(grantSchema) })),
  }),
  areas: z.object({
    areas: z.array(z.object({ id: areaIdSchema, parent: areaIdSchema.nullish() })),
  }),
  tags: z.object({ tags: z.array(z.object({ id: z.string(), area: areaIdSchema })) }),
});
const standsOnSchema = z.object({
  account: z.int(),
  certification: z.int().optional(),
  terminal: z.int(),
  configuration: z.int().optional(),
});

type Account = { readonly groups: readonly string[]; readonly status: string; readonly lockedAt: readonly string[] };
type Terminal = { readonly areas: readonly AreaId[]; readonly status: string };
type AreaId = z.infer<typeof areaIdSchema>;
type Rights = {
  readonly groups: z.infer<typeof configurationSchema>['gateway']['groups'];
  readonly areas: readonly AreaPlace[];
  readonly areaOfTag: ReadonlyMap<string, AreaId>;
};
/** The newest word on a subject and the one before it, which a signature that was under way may still name. */
type Word<State> = {
  readonly seq: number;
  readonly state: State;
  readonly timeUs: number;
  readonly former: { readonly seq: number; readonly state: State } | null;
};

const permissionOf: { readonly [kind: string]: readonly z.infer<typeof permissionSchema>[] } = {
  'command.signed': ['command'],
  'command.countersigned': ['verify'],
  'command.declined': ['command', 'verify'],
  'command.resolved': ['resolve'],
};
const tagKinds = new Set(Object.keys(permissionOf));
const statusOf: { readonly [kind: string]: string } = {
  'terminal.requested': 'pending',
  'terminal.enrolled': 'active',
  'terminal.approved': 'active',
  'terminal.revoked': 'revoked',
  'account.deactivated': 'deactivated',
};

export class StandingWalk {
  readonly #accounts = new Map<string, Word<Account>>();
  readonly #terminals = new Map<string, Word<Terminal>>();
  readonly #certifications = new Map<string, number>();
  readonly #configurations = new Map<number, { readonly digest: string; readonly rights: Rights | null }>();

  /** Why the record's signer or terminal did not stand; null where both did, or nothing is signed in it. */
  take(record: ParsedRecord): string | null {
    const why = record.signature === undefined ? null : this.#judge(record);
    const projection = projectionOf(record);
    return why ?? (projection === null ? null : this.#learn(record, projection));
  }

  #learn(
    record: ParsedRecord,
    { subject, digest }: { readonly subject: string; readonly digest: string },
  ): string | null {
    const colon = subject.indexOf(':');
    const id = subject.slice(colon + 1);
    const what = colon < 0 ? subject : subject.slice(0, colon);
    if (what === 'account') this.#learnAccount(record, id);
    if (what === 'terminal') this.#learnTerminal(record, id);
    if (what === 'certification') this.#certifications.set(id, record.seq);
    if (what !== 'configuration') return null;
    if (hash('sha256', canonicalBytes((record.new ?? null) as Json), 'base64url') !== digest)
      return 'its digest is not that of the configuration that it holds';
    this.#configurations.set(record.seq, { digest, rights: rightsOf(record.new) });
    return null;
  }

  #learnAccount(record: ParsedRecord, id: string): void {
    const former = this.#accounts.get(id);
    const part = accountPartSchema.safeParse(record.new).data ?? {};
    const state = {
      groups: part.groups ?? former?.state.groups ?? [],
      status: statusOf[record.kind] ?? part.status ?? former?.state.status ?? 'active',
      lockedAt: part.lockedAtTerminals ?? former?.state.lockedAt ?? [],
    };
    this.#accounts.set(id, word(record, state, former));
  }

  #learnTerminal(record: ParsedRecord, id: string): void {
    const former = this.#terminals.get(id);
    const part = terminalPartSchema.safeParse(record.new).data ?? {};
    const state = {
      areas: part.areas ?? former?.state.areas ?? [],
      status: statusOf[record.kind] ?? part.status ?? former?.state.status ?? 'pending',
    };
    this.#terminals.set(id, word(record, state, former));
  }

  #judge(record: ParsedRecord): string | null {
    const standsOn = standsOnSchema.safeParse(record.detail?.standsOn);
    if (!standsOn.success) return 'it does not name the records that its signature stands on';
    const signer = record.actor?.id ?? '';
    const place = record.terminal?.id ?? '';
    const timeUs = parseTime(record.time);
    const account = stateAt(this.#accounts.get(signer), standsOn.data.account, timeUs);
    if (account === undefined) return `record ${standsOn.data.account} is not the standing one of its signer’s account`;
    const terminal = stateAt(this.#terminals.get(place), standsOn.data.terminal, timeUs);
    if (terminal === undefined) return `record ${standsOn.data.terminal} is not the standing one of its terminal`;
    if (terminal.status !== 'active') return `its terminal was ${terminal.status} at that time`;
    if (account.status !== 'active') return `its signer’s account was ${account.status} at that time`;
    if (account.lockedAt.includes(place)) return 'its signer’s account was locked at that terminal';
    if (record.kind === 'account.certified') return null;
    if (this.#certifications.get(signer) !== standsOn.data.certification)
      return 'its signer had not certified his signature in the record that it names';
    const configuration = this.#configurations.get(standsOn.data.configuration ?? -1);
    if (configuration === undefined) return 'the record that it names as its configuration is none';
    return configuration.rights === null
      ? 'the configuration that it names says nothing about rights'
      : rightMissing(record, account, terminal, configuration.rights);
  }

  /** Of the configuration that a statement names; undefined where the record is none, or was left out. */
  configurationDigest(seq: number): string | undefined {
    return this.#configurations.get(seq)?.digest;
  }
}

function word<State>(record: ParsedRecord, state: State, former: Word<State> | undefined): Word<State> {
  const before = former === undefined ? null : { seq: former.seq, state: former.state };
  return { seq: record.seq, state, timeUs: parseTime(record.time), former: before };
}

function stateAt<State>(word: Word<State> | undefined, seq: number, timeUs: number): State | undefined {
  if (word === undefined) return undefined;
  if (word.seq === seq) return word.state;
  return word.former?.seq === seq && timeUs - word.timeUs <= checkedBeforeUs ? word.former.state : undefined;
}

function rightsOf(configuration: unknown): Rights | null {
  const parsed = configurationSchema.safeParse(configuration);
  if (!parsed.success) return null;
  const { gateway, areas, tags } = parsed.data;
  return {
    groups: gateway.groups,
    areas: areas.areas.map(({ id, parent }) => ({ id, parent: parent ?? null })),
    areaOfTag: new Map(tags.tags.map(({ id, area }) => [id, area])),
  };
}

function rightMissing(record: ParsedRecord, account: Account, terminal: Terminal, rights: Rights): string | null {
  if (!tagKinds.has(record.kind)) return null;
  const area = rights.areaOfTag.get(record.subject);
  if (area === undefined) return 'its tag is not in the configuration that it stands on';
  const { groups, areas } = rights;
  if (!areaLine(areas, area).some((place) => terminal.areas.includes(place)))
    return `its terminal was not one for the area ${area}`;
  const needed = permissionOf[record.kind] ?? [];
  return needed.some((permission) => groupsAllow(groups, account.groups, areas, permission, area))
    ? null
    : `its signer had no right to ${needed.join(' or ')} in the area ${area}`;
}
