// Why a database cannot be used, for a person: one line that says what happened and what to do.
// Thrown by this room, printed by the command line as it is; the cause is for the log.

export class DatabaseTrouble extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseTrouble';
  }
}
