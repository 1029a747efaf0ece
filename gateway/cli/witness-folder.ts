// What a witness keeps (AUD-3), in a folder of its own on a machine of its own: its key (`witness.pem`, mode 0600), the keys
// of the logs that it watches (`logs.vkeys`), the newest head of each that it cosigned (`heads/`), durable before it answers,
// and what it was alarmed by (`alarms.jsonl`). Used by the witness's sub-commands.
import { createPrivateKey, hash } from 'node:crypto';
import { mkdir, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseCheckpointText, readCheckpoint } from '../audit/checkpoint.ts';
import { type Cosigner, cosigner, formatWitnessKey, witnessKeyOf } from '../audit/cosignature.ts';
import { newPrivateKey, readIfThere, writeOnce } from '../audit/file-keys.ts';
import { formatVkey, isKeyName, type NoteVerifier, parseVkey, splitNote } from '../audit/signed-note.ts';
import type { SeenHead, WitnessAlarm } from '../audit/witness-judgement.ts';
import { CannotDo, WronglyAsked } from './sub-command.ts';

const keyFile = (folder: string) => path.join(folder, 'witness.pem');
const nameFile = (folder: string) => path.join(folder, 'witness.vkey');
const logsFile = (folder: string) => path.join(folder, 'logs.vkeys');
const alarmsFile = (folder: string) => path.join(folder, 'alarms.jsonl');

/** SHA-256 of the log's origin, hex: how tlog-witness names a log in paths. */
export function originHash(origin: string): string {
  return hash('sha256', origin, 'hex');
}

function headFile(folder: string, origin: string): string {
  return path.join(folder, 'heads', `${originHash(origin)}.checkpoint`);
}

/** Makes the key. Throws CannotDo where the folder holds one already, WronglyAsked for a name that no key can have. */
export async function makeWitness(folder: string, name: string): Promise<string> {
  if (!isKeyName(name)) throw new WronglyAsked(`--name may hold neither blanks nor +: ${name}`);
  if ((await readIfThere(keyFile(folder))) !== null)
    throw new CannotDo(`${folder} holds a witness's key already; it is never replaced, take another folder`);
  const pem = newPrivateKey();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeOnce(keyFile(folder), pem, 0o600);
  const vkey = formatWitnessKey(witnessKeyOf(cosigner(name, createPrivateKey(pem))));
  await writeOnce(nameFile(folder), `${vkey}\n`, 0o644);
  return vkey;
}

/** Throws CannotDo where the folder is no witness's. */
export async function readWitness(folder: string): Promise<{ readonly signer: Cosigner; readonly vkey: string }> {
  const pem = await readIfThere(keyFile(folder));
  const vkey = (await readIfThere(nameFile(folder)))?.trim();
  if (pem === null || vkey === undefined)
    throw new CannotDo(`${folder} holds no witness's key; make one with countersign witness init`);
  const signer = cosigner(vkey.split('+')[0] ?? '', createPrivateKey(pem));
  if (formatWitnessKey(witnessKeyOf(signer)) !== vkey)
    throw new CannotDo(`${nameFile(folder)} is not the public half of ${keyFile(folder)}; restore both from a backup`);
  return { signer, vkey };
}

/** Keys of the logs that are watched, in the order in which they were added. Throws CannotDo for a line that is none. */
export async function readLogKeys(folder: string): Promise<readonly NoteVerifier[]> {
  const lines = ((await readIfThere(logsFile(folder))) ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const key = parseVkey(line);
    if (key === null) throw new CannotDo(`${logsFile(folder)} holds a line that is no log's key: ${line}`);
    return key;
  });
}

/** False where it is known already. */
export async function addLogKey(folder: string, key: NoteVerifier): Promise<boolean> {
  const known = (await readLogKeys(folder)).map((one) => formatVkey(one));
  if (known.includes(formatVkey(key))) return false;
  await writeOnce(logsFile(folder), `${[...known, formatVkey(key)].join('\n')}\n`, 0o644);
  return true;
}

/** The newest checkpoint that was cosigned, with that cosignature; null where there is none. */
export async function readHead(folder: string, origin: string): Promise<string | null> {
  return readIfThere(headFile(folder, origin));
}

/** Durable when it resolves. */
export async function writeHead(folder: string, origin: string, note: string): Promise<void> {
  await writeOnce(headFile(folder, origin), note, 0o644);
}

/** What a stored note says; throws CannotDo where it is none, since a witness that forgets is worth nothing. */
export function seenIn(note: string, origin: string): SeenHead {
  const split = splitNote(note);
  const head = typeof split === 'string' ? null : parseCheckpointText(split.text);
  if (head?.origin !== origin)
    throw new CannotDo(`the head kept of ${origin} is damaged; restore the witness's folder from a backup`);
  return { size: head.size, root: head.root };
}

export type Alarm = {
  readonly time: string;
  readonly alarm: WitnessAlarm;
  readonly origin: string;
  /** What had been cosigned, and what was asked to be: signed by the log, so evidence for whoever has its key. */
  readonly cosigned: string | null;
  readonly asked: string;
};

/** Durable when it resolves. */
export async function appendAlarm(folder: string, alarm: Alarm): Promise<void> {
  const file = await open(alarmsFile(folder), 'a', 0o644);
  try {
    await file.appendFile(`${JSON.stringify(alarm)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function readAlarms(folder: string): Promise<readonly Alarm[]> {
  const lines = ((await readIfThere(alarmsFile(folder))) ?? '').split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Alarm);
}

/** Heads of all logs, for people. */
export async function readHeads(
  folder: string,
): Promise<readonly { readonly origin: string; readonly size: number }[]> {
  const names = await readdir(path.join(folder, 'heads')).catch(() => []);
  const heads = await Promise.all(names.map((name) => readIfThere(path.join(folder, 'heads', name))));
  return heads.flatMap((note) => {
    const head = note === null ? null : readCheckpoint(note);
    return head === null ? [] : [{ origin: head.origin, size: head.size }];
  });
}
