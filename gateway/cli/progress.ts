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

/** `12.3 MB`, in powers of ten; a small file in kB. */
export function inBytes(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
