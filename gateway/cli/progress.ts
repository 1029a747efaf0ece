// One line on standard error that says how far a long command is: rewritten on a terminal, now and then elsewhere.
// Used by backup.ts and restore.ts.

const everyMs = { terminal: 200, elsewhere: 10_000 } as const;

export type Progress = {
  /** Shown when the time has come. */
  readonly say: (line: () => string) => void;
  readonly end: () => void;
};

export function showProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const pauseMs = stream.isTTY ? everyMs.terminal : everyMs.elsewhere;
  let nextMs = performance.now() + pauseMs;
  let shown = false;
  return {
    say: (line) => {
      if (performance.now() < nextMs) return;
      nextMs = performance.now() + pauseMs;
      stream.write(stream.isTTY ? `\r\x1b[K${line()}` : `${line()}\n`);
      shown = true;
    },
    end: () => {
      if (shown && stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}

/** `12.3 MB`, in powers of ten. */
export function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
