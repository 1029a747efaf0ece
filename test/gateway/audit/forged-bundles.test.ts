// Bundles as a forger makes them (docs/audit-format.md), from a real one of a demo plant: `signed-log.bundle` has commands
// alone, countersigned, declined, by break-glass and proposed, passkeys, a review, and two changes of the log's key. A
// forger without keys bends the file; one who holds the log's key rewrites records and signs the tree anew. Where a
// verifier written from the document alone judged otherwise than ours, the case stands here.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkpointLine, gapLine, headerLine, leavesLine } from '../../../gateway/audit/bundle-lines.ts';
import { BundleTree, coveringNodes } from '../../../gateway/audit/bundle-tree.ts';
import { trustNobody } from '../../../gateway/audit/bundle-trust.ts';
import { signCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { leafHash } from '../../../gateway/audit/merkle.ts';
import {
  formatVkey,
  type NoteVerifier,
  noteSigner,
  noteVerifier,
  parseVkey,
} from '../../../gateway/audit/signed-note.ts';
import { verifyBundle } from '../../../gateway/audit/verify-bundle.ts';
import { canonicalJson, type Json } from '../../../gateway/contract/canonical.ts';

const vector = (name: string) => readFileSync(new URL(`../../vectors/${name}`, import.meta.url));
const whole = vector('signed-log.bundle').toString('utf8');
const log = keyOf(vector('signed-log.vkey').toString('utf8'));
const lines = whole.split('\n').slice(0, -1);
type Members = { [name: string]: Json };
type Made = Members & { seq: number; kind: string; chain: Members; detail: Members };
const records = lines.filter((line) => line.startsWith('{"actor":')).map((line) => JSON.parse(line) as Made);
/** The first change of the log’s key: what comes from there on is left out of forgeries. */
const rotated = records.findIndex(({ kind }) => kind === 'log.key-rotated');
const forger = noteSigner(log.name, generateKeyPairSync('ed25519').privateKey);

function keyOf(vkey: string): NoteVerifier {
  const key = parseVkey(vkey);
  if (key === null) throw new Error(`no key: ${vkey}`);
  return key;
}
async function badIn(file: string | Buffer, key: NoteVerifier | null = log) {
  const pieces = async function* () {
    yield Buffer.from(file);
  };
  return (await verifyBundle(pieces(), { ...trustNobody, log: key })).bad;
}
/** The last record of a kind, for a subject where one is given, before the log's key was changed. */
function at(kind: string, subject?: string): number {
  const found = records.findLast(
    (one) => one.kind === kind && (subject ?? one.subject) === one.subject && one.seq < rotated,
  );
  if (found === undefined) throw new Error(`the vector has no ${kind}`);
  return found.seq;
}

/** All records before the first change of key, altered, under the forger's own key. `texts` are written as they are. */
function forged(alter: (made: Made[], texts: Map<number, string>) => void, hidden: readonly number[] = []): string {
  const made = structuredClone(records.slice(0, rotated));
  const texts = new Map<number, string>();
  memberOf(made, 0, 'detail').vkey = formatVkey(noteVerifier(forger));
  alter(made, texts);
  const bodies = made.map((one) => Buffer.from(texts.get(one.seq) ?? canonicalJson(one)));
  const leaves = bodies.map((body) => leafHash(body));
  const header = { origin: log.name, size: rotated, madeAt: '2026-11-22T12:00:00.000000Z', selection: null };
  let file = headerLine(header);
  const tree = new BundleTree();
  let run: Uint8Array[] = [];
  const endRun = () => {
    if (run.length > 0) file += leavesLine(tree.size - run.length, run);
    run = [];
  };
  for (const [seq, body] of bodies.entries()) {
    const leaf = leaves[seq] ?? body;
    if (hidden.includes(seq)) {
      endRun();
      tree.append(leaf);
      if (!hidden.includes(seq + 1)) file += gapOver(leaves, seq);
      continue;
    }
    file += `${body.toString('utf8')}\n`;
    tree.append(leaf);
    run.push(leaf);
    if (seq > 0 && seq < rotated - 1) continue;
    endRun();
    file += checkpointLine(signCheckpoint(tree.size, tree.root(), forger));
  }
  return file;

  function gapOver(all: readonly Uint8Array[], last: number): string {
    let first = last;
    while (hidden.includes(first - 1)) first -= 1;
    const roots = coveringNodes(first, last + 1).map(({ level, index }) => {
      const subtree = new BundleTree();
      for (let leaf = index * 2 ** level; leaf < (index + 1) * 2 ** level; leaf++)
        subtree.append(all[leaf] ?? Buffer.alloc(0));
      return subtree.root();
    });
    return gapLine(last + 1, roots);
  }
}
function memberOf(made: readonly Made[], seq: number, ...path: readonly string[]): Members {
  let found: Json | undefined = made[seq];
  for (const name of path) found = (found as Members | undefined)?.[name];
  if (typeof found !== 'object' || found === null) throw new Error(`record ${seq} has no ${path.join('.')}`);
  return found as Members;
}
function textIn(value: Json | undefined): string {
  if (typeof value !== 'string') throw new Error('the vector has no text there');
  return value;
}
const byForger = noteVerifier(forger);
const digestOf = (value: Json) => createHash('sha256').update(canonicalJson(value)).digest('base64url');

describe('a bundle of a real log', () => {
  it('AUD-5: is good by the first key and by those that it handed over to; a forger’s copy is good by his key alone', async () => {
    const keys = records.filter(({ kind }) => kind === 'log.key-rotated').map((one) => keyOf(textIn(one.new)));
    for (const key of [log, ...keys]) expect(await badIn(whole, key)).toBeNull();
    expect(keys).toHaveLength(2);
    const copy = forged(() => undefined);
    expect(await badIn(copy, byForger)).toBeNull();
    expect(await badIn(copy)).toMatchObject({ seq: 0 });
    // What is left out in the middle leaves the rest good.
    const revoked = at('terminal.revoked');
    expect(
      await badIn(
        forged(() => undefined, [100, 101, 102, revoked]),
        byForger,
      ),
    ).toBeNull();
  });

  const bends: readonly (readonly [string, string, (line: string) => string])[] = [
    ['a CR at its end', '{"leaves":', (line) => `${line}\r`],
    ['white space before it', '{"leaves":', (line) => ` ${line}`],
    ['white space in it', '{"leaves":', (line) => line.replace(':', ': ')],
    ['its member twice', '{"checkpoint":', (line) => `{"checkpoint":"other",${line.slice(1)}`],
    ['a number spelled otherwise', '{"leaves":', (line) => line.replace(/"from":(\d+)/, '"from":$1.0')],
    ['a character escaped that need not be', '{"checkpoint":', (line) => line.replace('—', '\\u2014')],
    ['another log’s name', '{"bundle":', (line) => line.replace('"origin":"', '"origin":"not.')],
  ];
  it.each(bends)('AUD-5: a line of the file with %s is found', async (_what, kind, bend) => {
    const index = lines.findLastIndex((line) => line.startsWith(kind));
    const bent = lines.map((line, place) => (place === index ? bend(line) : line));
    expect(bent).not.toEqual(lines);
    expect(await badIn(`${bent.join('\n')}\n`)).not.toBeNull();
  });

  it('AUD-5: bytes that are no UTF-8 are found in a line of the file’s own too', async () => {
    const bytes = Buffer.from(whole);
    bytes[bytes.indexOf('"madeAt":"') + 12] = 0xff;
    expect(await badIn(bytes)).toMatchObject({ seq: 0 });
  });

  it('AUD-5: a checkpoint that was bent names the record that it stands behind', async () => {
    const bent = whole.replace(/.{9}\\n"}\n$/, 'AAAAAAAA=\\n"}\n');
    expect(bent).not.toBe(whole);
    expect(await badIn(bent)).toMatchObject({ seq: records.length - 1 });
  });

  it('AUD-5: a gap’s hash has one spelling, and the record that names the log’s key is never left out', async () => {
    const part = forged(() => undefined, [at('terminal.revoked')]);
    const loose = part.replace(/"hashes":\["(.{42})(.)=/, (_all, digits: string, last: string) => {
      const next = String.fromCharCode(last.charCodeAt(0) + 1);
      return `"hashes":["${digits}${next}=`;
    });
    expect(loose).not.toBe(part);
    expect((await badIn(loose, byForger))?.why).toContain('no line of a bundle');
    expect(
      await badIn(
        forged(() => undefined, [0]),
        byForger,
      ),
    ).toMatchObject({ seq: 0 });
  });
});

const signed = at('command.signed', 'BR101.TIC.SP');
const declined = at('command.declined', 'WFI.PUMP.CMD');
const used = at('passkey.used');
type Forgery = (made: Made[], texts: Map<number, string>) => void;
const set =
  (seq: number, ...path: readonly [...string[], Json]): Forgery =>
  (made) => {
    const names = path.slice(0, -2) as string[];
    memberOf(made, seq, ...names)[textIn(path.at(-2))] = path.at(-1) ?? null;
  };
const without =
  (seq: number, ...path: readonly string[]): Forgery =>
  (made) => {
    delete memberOf(made, seq, ...path.slice(0, -1))[path.at(-1) ?? ''];
  };
const spelled =
  (seq: number, change: (text: string) => string): Forgery =>
  (made, texts) => {
    texts.set(seq, change(canonicalJson(made[seq] ?? null)));
  };
const jws =
  (seq: number, change: (jws: string) => string): Forgery =>
  (made) => {
    const signature = memberOf(made, seq, 'signature');
    signature.jws = change(textIn(signature.jws));
  };
const statementOf = (seq: number) => (made: readonly Made[]) => textIn(memberOf(made, seq, 'signature').jws);

/** Title, forgery, the record to be named, what is said of it. */
const forgeries: readonly (readonly [string, Forgery, number, RegExp])[] = [
  [
    'AUD-2: a member that stands twice',
    spelled(40, (text) => text.replace('"kind":', '"kind":"x","kind":')),
    40,
    /canon/,
  ],
  ['AUD-2: white space', spelled(40, (text) => text.replace(',"kind"', ', "kind"')), 40, /canon/],
  ['AUD-2: a number spelled otherwise', spelled(40, (text) => text.replace('"seq":40', '"seq":40.0')), 40, /canon/],
  ['AUD-2: members in another order', spelled(40, (text) => `${text.slice(0, -1)},"aa":1}`), 40, /canon/],
  ['AUD-2: half a surrogate', spelled(40, (text) => text.replace('"salt":"', '"salt":"\\ud800')), 40, /canon/],
  [
    'AUD-2: a time of fewer digits',
    (made) => {
      const one = memberOf(made, 40);
      one.time = `${textIn(one.time).slice(0, 23)}Z`;
    },
    40,
    /time/,
  ],
  ['AUD-3: another record in the first’s place', set(0, 'kind', 'gateway.started'), 0, /opening/],
  ['SIG-6: a configuration that gives more rights', set(1, 'new', 'gateway', 'groups', []), 1, /digest/],
  [
    'SIG-6: the same with its digest',
    (made, texts) => {
      set(1, 'new', 'gateway', 'groups', [])(made, texts);
      memberOf(made, 1, 'detail', 'projection').digest = digestOf(memberOf(made, 1, 'new'));
    },
    records.findIndex(({ kind }) => kind === 'command.signed'),
    /right|configuration/,
  ],
  [
    'SIG-6: another configuration to stand on',
    set(signed, 'detail', 'standsOn', 'configuration', 0),
    signed,
    /configuration/,
  ],
  ['SIG-6: a JWS with padding', jws(signed, (text) => `${text}=`), signed, /does not stand/],
  [
    'SIG-6: another time of signing',
    set(signed, 'detail', 'signedAt', '2026-11-22T10:00:00.000Z'),
    signed,
    /time of signing/,
  ],
  ['SIG-5: a decline with another comment', set(declined, 'reason', 'comment', 'other'), declined, /comment/],
  ['SIG-5: a decline with another reason', set(declined, 'reason', 'code', 'maintenance'), declined, /reason/],
  ['SIG-5: a decline with another meaning', set(declined, 'meaning', 'authorship'), declined, /meaning/],
  ['SIG-5: a decline of another tag', set(declined, 'subject', 'BR101.DO.SP'), declined, /tag/],
  ['CMD-6: another value that was resolved', set(at('command.resolved'), 'new', 1), at('command.resolved'), /value/],
  ['CMD-6: another finding', set(at('command.resolved'), 'detail', 'code', 'reached'), at('command.resolved'), /found/],
  [
    'AUD-8: a review with another meaning',
    set(at('review.signed'), 'meaning', 'approval'),
    at('review.signed'),
    /meaning/,
  ],
  [
    'SIG-8: another text that was certified',
    set(at('account.certified'), 'new', 'text', 'I certify nothing.'),
    at('account.certified'),
    /text/,
  ],
  [
    'SIG-6: a statement made to revoke, under an approval',
    (made) => {
      const revoked = memberOf(made, at('terminal.revoked'));
      revoked.kind = 'terminal.approved';
    },
    at('terminal.revoked'),
    /something else/,
  ],
  ['SIG-7: a passkey’s use with another counter', set(used, 'new', 'counter', 99), used + 1, /counter/],
  ['SIG-7: a passkey’s counter that does not grow', set(used, 'new', 'counter', 0), used, /counter/],
  ...[
    'account.certified',
    'command.declined',
    'command.resolved',
    'review.signed',
    'terminal.revoked',
    'account.unlocked',
    'token.issued',
  ].map(
    (kind) => [`SIG-6: ${kind} without its signature`, without(at(kind), 'signature'), at(kind), /missing/] as const,
  ),
];

describe('a log rewritten by whoever holds its key', () => {
  it.each(forgeries)('%s is found', async (_title, forgery, seq, why) => {
    expect(await badIn(forged(forgery), byForger)).toMatchObject({ seq, why: expect.stringMatching(why) });
  });

  it('SIG-6: a statement that another record holds is not taken for it', async () => {
    const other = at('command.signed', 'BR101.PH.SP');
    const swapped = forged((made) => {
      const [one, two] = [statementOf(signed)(made), statementOf(other)(made)];
      memberOf(made, signed, 'signature').jws = two;
      memberOf(made, other, 'signature').jws = one;
    });
    expect(await badIn(swapped, byForger)).toMatchObject({ seq: Math.min(signed, other) });
  });

  const behind = 103;
  const chains: readonly (readonly [string, string, number | null])[] = [
    ['a commit that began before a record of another', 'commit', 50],
    ['a commit to come', 'commit', behind + 1],
    ['a record in the file that nothing stands on', 'standing', behind - 4],
    ['an older one than the file holds', 'standing', 3],
    ['one to come', 'standing', behind + 1],
    ['none', 'standing', null],
  ];
  it.each(chains)('AUD-3: behind a gap a record that names %s is found', async (_what, name, value) => {
    const file = forged(set(behind, 'chain', name, value), [behind - 3, behind - 2, behind - 1]);
    expect(await badIn(file, byForger)).toMatchObject({ seq: behind });
  });
});
