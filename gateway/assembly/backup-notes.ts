// Makes records of the notes that `countersign backup` leaves in the data folder (AUD-1, OPS-6): each exactly once, in order,
// whether the gateway ran meanwhile or not. Called by main.ts once the log stands.
import type pg from 'pg';
import { type BackupNote, dropBackupNote, readBackupNotes } from '../audit/file-backup-notes.ts';
import type { RecordDraft } from '../contract/audit-record.ts';
import type { AppendAudit } from '../identity/ports.ts';

const lookEveryMs = 2_000;

export type BackupNotesParts = {
  readonly append: AppendAudit;
  readonly pool: Pick<pg.Pool, 'query'>;
  readonly dataFolder: string;
  readonly wait: (ms: number) => Promise<void>;
  readonly reportFault: (context: string, fault: unknown) => void;
};

export type BackupNotes = { readonly stop: () => Promise<void> };

export function recordBackupNotes(parts: BackupNotesParts): BackupNotes {
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
        else complain(`${unreadable} is no note of a backup: look who put it there, and remove it`, null);
      } catch (fault) {
        // Log or folder away: the notes stay where they are.
        complain('backups that were made cannot be recorded yet', fault);
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
async function recordAll(parts: BackupNotesParts): Promise<string | null> {
  let unreadable: string | null = null;
  for (const found of await readBackupNotes(parts.dataFolder)) {
    if (found.note === null) unreadable ??= found.file;
    else {
      if (!(await isRecorded(parts.pool, found.note))) await parts.append(recordOf(found.note));
      await dropBackupNote(found);
    }
  }
  return unreadable;
}

const kindOf = (note: BackupNote): RecordDraft['kind'] =>
  note.step === 'begun' ? 'log.backup-begun' : note.step === 'written' ? 'log.backup-written' : 'log.backup-failed';

function recordOf(note: BackupNote): RecordDraft {
  const { step: _, ...detail } = note;
  return { kind: kindOf(note), actor: null, terminal: null, address: null, subject: 'log', detail };
}

/** A crash between record and removal, or a note that this account may not remove, must not make it two. */
async function isRecorded(pool: BackupNotesParts['pool'], note: BackupNote): Promise<boolean> {
  const found = await pool.query(
    `SELECT FROM log_record WHERE kind = $1 AND position(convert_to($2, 'UTF8') IN body) > 0 LIMIT 1`,
    [kindOf(note), `"backup":"${note.backup}"`],
  );
  return found.rows.length > 0;
}
