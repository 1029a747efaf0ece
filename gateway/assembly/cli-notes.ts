// Makes records of the notes that `countersign backup` and `audit export` leave in the data folder (AUD-1, OPS-6): each exactly
// once, in order, whether the gateway ran meanwhile or not. Called by main.ts once the log stands.
import type pg from 'pg';
import { type CliNote, dropCliNote, makeNotesFolder, readCliNotes } from '../audit/file-cli-notes.ts';
import type { RecordDraft } from '../contract/audit-record.ts';
import type { AppendAudit } from '../identity/ports.ts';

const lookEveryMs = 2_000;

export type CliNotesParts = {
  readonly append: AppendAudit;
  readonly pool: Pick<pg.Pool, 'query'>;
  readonly dataFolder: string;
  readonly wait: (ms: number) => Promise<void>;
  readonly reportFault: (context: string, fault: unknown) => void;
};

export type CliNotes = { readonly stop: () => Promise<void> };

export function recordCliNotes(parts: CliNotesParts): CliNotes {
  let stopped = false;
  let complained: string | null = null;
  let askStop: () => void = () => {};
  const stopAsked = new Promise<void>((resolve) => {
    askStop = resolve;
  });
  const complain = (about: string, fault: unknown): void => {
    if (complained !== about && !stopped) parts.reportFault(about, fault);
    complained = about;
  };
  const working = (async () => {
    while (!stopped) {
      try {
        const unreadable = await recordAll(parts);
        if (unreadable === null) complained = null;
        else complain(`${unreadable} is no note of a command: look who put it there, and remove it`, null);
      } catch (fault) {
        // Log or folder away: the notes stay where they are.
        complain('backups and exports that the command line made cannot be recorded yet', fault);
      }
      await Promise.race([parts.wait(lookEveryMs), stopAsked]);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      askStop();
      await working;
    },
  };
}

/** The first file that is no note; it is left where it is, and keeps no other from being recorded. */
async function recordAll(parts: CliNotesParts): Promise<string | null> {
  await makeNotesFolder(parts.dataFolder);
  let unreadable: string | null = null;
  for (const found of await readCliNotes(parts.dataFolder)) {
    if (found.note === null) unreadable ??= found.file;
    else {
      if (!(await isRecorded(parts.pool, found.note))) await parts.append(recordOf(found.note));
      await dropCliNote(found);
    }
  }
  return unreadable;
}

const backupKinds = {
  begun: 'log.backup-begun',
  written: 'log.backup-written',
  failed: 'log.backup-failed',
} as const satisfies Record<string, RecordDraft['kind']>;

function recordOf(note: CliNote): RecordDraft {
  const of = { actor: null, terminal: null, address: null, subject: 'log' };
  if (!('backup' in note)) return { kind: 'audit.exported', ...of, detail: note };
  const { step, ...detail } = note;
  return { kind: backupKinds[step], ...of, detail };
}

/** A crash between record and removal, or a note that this account may not remove, must not make it two. */
async function isRecorded(pool: CliNotesParts['pool'], note: CliNote): Promise<boolean> {
  const [member, id] = 'backup' in note ? ['backup', note.backup] : ['export', note.export];
  const found = await pool.query(
    `SELECT FROM log_record WHERE kind = $1 AND position(convert_to($2, 'UTF8') IN body) > 0 LIMIT 1`,
    [recordOf(note).kind, `"${member}":"${id}"`],
  );
  return found.rows.length > 0;
}
