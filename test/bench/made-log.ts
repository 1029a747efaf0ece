// Records for the cases about big logs, made as the writer makes them (numbers, canonical bytes, tree, signed checkpoints),
// without a database: some 600 bytes each, a record every three seconds, forty people at thirty terminals, five hundred tags.
// Used by big-log.ts and made-bundle.ts. The same number always gives the same record but for salt and signatures.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { signCheckpoint } from '../../gateway/audit/checkpoint.ts';
import { appendLeaf, emptyTree, rootOf } from '../../gateway/audit/merkle.ts';
import { type MadeRecord, makeRecord } from '../../gateway/audit/record.ts';
import { formatVkey, type NoteSigner, noteSigner, noteVerifier } from '../../gateway/audit/signed-note.ts';
import type { RecordDraft } from '../../gateway/contract/audit-record.ts';

export const people = 40;
export const terminals = 30;
export const tags = 500;
/** Records of one commit. */
const commitRecords = 16;
const firstUs = Date.UTC(2025, 0, 1) * 1000;
const betweenUs = 3_000_000;
/** One record in so many is of a kind, or holds a word, that is rare. */
const rareOneIn = 50_000;
export const rareWord = 'anomaly';
export const rareKind = 'security.alert';

export type MadeRow = MadeRecord & {
  /** Nodes that the record completed, side by side. */
  readonly hashes: Buffer;
  /** On the last record of each commit. */
  readonly note: string | null;
};

export function newSigner(origin: string): NoteSigner {
  return noteSigner(origin, generateKeyPairSync('ed25519').privateKey);
}

/** Records 0 to `count` − 1. */
export function* madeRecords(count: number, signer: NoteSigner): Generator<MadeRow> {
  let tree = emptyTree;
  for (let seq = 0; seq < count; seq++) {
    const draft = seq === 0 ? opening(signer) : draftAt(seq);
    // The opening is a commit of its own, as the writer's is.
    const commit = seq === 0 ? 0 : seq - ((seq - 1) % commitRecords);
    const made = makeRecord(draft, {
      seq,
      timeUs: firstUs + seq * betweenUs,
      salt: randomBytes(16).toString('base64url'),
      chain: { commit, standing: null },
      clockBehindUs: 0,
    });
    const grown = appendLeaf(tree, made.leaf);
    tree = grown.tree;
    const ends = seq === 0 || seq % commitRecords === 0 || seq === count - 1;
    yield {
      ...made,
      hashes: Buffer.concat(grown.completed),
      note: ends ? signCheckpoint(tree.size, rootOf(tree), signer) : null,
    };
  }
}

/** RFC 3339 time of a record. */
export function timeAt(seq: number): string {
  return new Date((firstUs + seq * betweenUs) / 1000).toISOString();
}

export const personAt = (index: number): string => `person-${index % people}`;
export const terminalAt = (index: number): string => `terminal-${index % terminals}`.padEnd(43, 'x');
export const tagAt = (index: number): string => `AREA${index % 10}.TIC${index % tags}.SP`;

function opening(signer: NoteSigner): RecordDraft {
  const detail = { origin: signer.name, vkey: formatVkey(noteVerifier(signer)) };
  return { kind: 'log.opened', actor: null, terminal: null, address: null, subject: 'log', detail };
}

/** Spreads numbers evenly (Knuth's multiplicative hash, 32 bits). */
function spread(seq: number, salt: number): number {
  return (Math.imul(seq + salt * 7919, 2_654_435_761) >>> 0) % 1_000_003;
}

function draftAt(seq: number): RecordDraft {
  const person = personAt(spread(seq, 1));
  const where = {
    actor: { id: person, name: person, printedName: `Person ${person.slice(7)} of the Plant` },
    terminal: { id: terminalAt(spread(seq, 2)), name: 'Panel', area: 'upstream' },
    address: '10.1.2.3',
  };
  const gateway = { actor: null, terminal: null, address: null };
  const tag = tagAt(spread(seq, 3));
  if (seq % rareOneIn === 7)
    return { kind: rareKind, ...gateway, subject: `account:${person}`, detail: { code: 'row-altered' } };
  switch (seq % 10) {
    case 0:
    case 1: {
      // Asked for, and nobody signed: the shortest whole life of a command.
      const asked = seq % 10 === 0 ? seq : seq - 1;
      const command = `00000000-0000-4000-8000-${asked.toString(16).padStart(12, '0')}`;
      const about = { subject: tagAt(spread(asked, 3)), unit: '°C', old: 37.1, new: 37.4, command };
      if (seq === asked) {
        const word = seq % rareOneIn === 0 ? rareWord : `step${spread(seq, 4) % 1000}`;
        const reason = { code: 'batch', comment: `Batch ${spread(seq, 5)} asks for it: ${word} of the recipe.` };
        return {
          kind: 'command.asked',
          ...where,
          ...about,
          reason,
          detail: { signatures: 1, observedQuality: 'good' },
        };
      }
      const detail = {
        code: 'statement-expired',
        text: 'Nobody completed the signatures in time; nothing was written.',
      };
      return { kind: 'command.expired', ...gateway, ...about, detail };
    }
    case 2:
    case 3:
      return { kind: 'audit.viewed', ...where, subject: 'log', detail: { filter: { tag, from: timeAt(seq) } } };
    case 4:
      return { kind: 'session.opened', ...where, subject: `account:${person}`, detail: { session: `s${seq}` } };
    case 5:
      return { kind: 'session.closed', ...where, subject: `account:${person}`, detail: { session: `s${seq - 1}` } };
    case 6:
    case 7: {
      const detail = { seenAt: timeAt(seq), note: 'The value changed in the device without a command from here.' };
      return { kind: 'setpoint.unattributed', ...gateway, subject: tag, unit: '°C', old: 37.4, new: 36.9, detail };
    }
    case 8:
      return {
        kind: 'connection.lost',
        ...gateway,
        subject: `connection:c${spread(seq, 6) % 12}`,
        detail: { why: 'no answer' },
      };
    default:
      return {
        kind: 'request.refused',
        ...where,
        subject: tag,
        detail: { code: 'right-missing', method: 'POST', path: '/api/v1/commands' },
      };
  }
}
