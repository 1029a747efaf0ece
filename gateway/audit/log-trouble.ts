// Why the log cannot be opened, for a person: a stable code and one line that says what to do (AUD-3).
// Thrown by the start check and the keys' and checkpoint's files; main.ts prints it and stops.

export type LogTroubleCode =
  | 'log-rolled-back'
  | 'log-replaced'
  | 'log-damaged'
  | 'log-key-missing'
  | 'log-key-wrong'
  | 'checkpoint-file-missing'
  | 'checkpoint-file-damaged'
  | 'log-in-use'
  | 'log-whole'
  | 'database-unusable';

export class LogTrouble extends Error {
  readonly code: LogTroubleCode;
  constructor(code: LogTroubleCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LogTrouble';
    this.code = code;
  }
}
