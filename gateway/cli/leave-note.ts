// Who asks at the command line, and the note by which the gateway records what he was given (AUD-1). Used by backup.ts,
// audit-export.ts and audit-open-anew.ts.
import { userInfo } from 'node:os';
import { type CliNote, leaveCliNote } from '../audit/file-cli-notes.ts';
import { CannotDo } from './sub-command.ts';

/** Account of the operating system; in a container it may have no name. */
export function systemAccount(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** `what` is being done. Throws CannotDo where the note cannot be left: then it must not be done, since it would leave no trace. */
export async function leaveNote(dataFolder: string, note: CliNote, what: 'backup' | 'export'): Promise<void> {
  try {
    await leaveCliNote(dataFolder, note);
  } catch (error) {
    throw new CannotDo(
      `no note of the ${what} can be left in ${dataFolder}, so it would not be recorded (${(error as Error).message}); name the gateway's data folder with --data, and run this as an account that may write there`,
    );
  }
}
