// Whom `countersign audit verify BUNDLE` trusts: what `--key`, `--witness`, `--quorum`, `--pinned` and `--checkpoint` say,
// else the key pinned in the data folder. Nothing here ever comes from the bundle. Throws WronglyAsked for what is no key.
import { readFile } from 'node:fs/promises';
import type { TrustedKeys } from '../audit/bundle-trust.ts';
import { type Checkpoint, openCheckpoint, readCheckpoint } from '../audit/checkpoint.ts';
import { openCosignatures, parseWitnessKey, type WitnessKey } from '../audit/cosignature.ts';
import { type NoteVerifier, parseVkey } from '../audit/signed-note.ts';
import { trustedKey } from './audit-source.ts';
import { WronglyAsked } from './sub-command.ts';

export type TrustOptions = {
  readonly key: string | undefined;
  readonly witness: readonly string[];
  readonly quorum: string | undefined;
  readonly pinned: string | undefined;
  readonly checkpoint: string | undefined;
};

export async function trustOf(dataFolder: string, options: TrustOptions): Promise<TrustedKeys> {
  const pinned = options.pinned === undefined ? null : parsePinned(options.pinned, await textOf(options.pinned));
  const given = options.key === undefined ? (pinned?.log ?? null) : await trustedKey(dataFolder, options.key);
  const witnesses = [...(pinned?.witnesses ?? [])];
  for (const text of options.witness) witnesses.push(await witnessKey(text));
  // The data folder's own pinned key counts only where nothing was given: who names his keys means those.
  const log = given ?? (pinned === null && witnesses.length === 0 ? await trustedKey(dataFolder, undefined) : null);
  const quorum = quorumOf(options.quorum, pinned?.quorum ?? witnesses.length, witnesses.length);
  const trust = { log, witnesses, quorum, known: null };
  return options.checkpoint === undefined
    ? trust
    : { ...trust, known: await knownCheckpoint(options.checkpoint, trust) };
}

type Pinned = {
  readonly log: NoteVerifier | null;
  readonly witnesses: readonly WitnessKey[];
  readonly quorum?: number;
};

/** `log VKEY`, `witness VKEY`, `quorum N`, one a line; `#` begins a comment. */
function parsePinned(file: string, text: string): Pinned {
  let log: NoteVerifier | null = null;
  const witnesses: WitnessKey[] = [];
  let quorum: number | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [word, value, ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (word === '' || word === undefined) continue;
    const key = word === 'log' && value !== undefined ? parseVkey(value) : null;
    const witness = word === 'witness' && value !== undefined ? parseWitnessKey(value) : null;
    const count = word === 'quorum' && /^[1-9][0-9]?$/.test(value ?? '') ? Number(value) : null;
    if (rest.length > 0 || (key ?? witness ?? count) === null || (key !== null && log !== null))
      throw new WronglyAsked(`${file}, line ${index + 1}: write 'log KEY' (once), 'witness KEY' or 'quorum N'`);
    if (key !== null) log = key;
    if (witness !== null) witnesses.push(witness);
    if (count !== null) quorum = count;
  }
  if (log === null && witnesses.length === 0) throw new WronglyAsked(`${file} names no key to trust`);
  return { log, witnesses, ...(quorum === undefined ? {} : { quorum }) };
}

async function witnessKey(given: string): Promise<WitnessKey> {
  const key = parseWitnessKey(given) ?? parseWitnessKey(await textOf(given, ''));
  if (key === null)
    throw new WronglyAsked(
      `--witness is neither a witness's key of the form name+id+key nor a file with one: ${given}`,
    );
  return key;
}

function quorumOf(given: string | undefined, usual: number, most: number): number {
  const quorum = given === undefined ? usual : Number(given);
  if (!Number.isInteger(quorum) || quorum > most || (most > 0 && quorum < 1))
    throw new WronglyAsked(`the quorum must be a number from 1 to ${most}, the number of witnesses named`);
  return quorum;
}

/** A checkpoint kept elsewhere: it counts only where a key that is trusted signed or cosigned it. */
async function knownCheckpoint(file: string, trust: TrustedKeys): Promise<Checkpoint> {
  const note = (await textOf(file)).replace(/\0+$/, '');
  const checkpoint = readCheckpoint(note);
  if (checkpoint === null) throw new WronglyAsked(`${file} holds no checkpoint`);
  const signed = trust.log !== null && openCheckpoint(note, trust.log).ok;
  if (!signed && openCosignatures(note, trust.witnesses).good.length === 0)
    throw new WronglyAsked(`the checkpoint in ${file} is signed by none of the keys given, so it proves nothing`);
  return checkpoint;
}

async function textOf(file: string, otherwise?: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (otherwise !== undefined) return otherwise;
    throw new WronglyAsked(`${file} cannot be read: ${(error as Error).message}`);
  }
}
