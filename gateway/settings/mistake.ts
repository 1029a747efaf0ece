// A mistake in the configuration, told so that the engineer can mend it: file, line, column, what is wrong, what to
// write instead (OPS-2). Made by settings/ only.

export type ConfigurationMistake = {
  /** Relative to the configuration folder. */
  readonly file: string;
  /** From 1; 1:1 where the whole file is meant. */
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly remedy: string;
};

/** `tags.yaml:12:5: unknown field "unti". Did you mean "unit"?` */
export function mistakeText(mistake: ConfigurationMistake): string {
  return `${mistake.file}:${mistake.line}:${mistake.column}: ${mistake.what} ${mistake.remedy}`.trim();
}

export class ConfigurationError extends Error {
  readonly mistakes: readonly ConfigurationMistake[];
  constructor(folder: string, mistakes: readonly ConfigurationMistake[]) {
    super(
      `The configuration in ${folder} is refused:\n${mistakes.map((mistake) => `  ${mistakeText(mistake)}`).join('\n')}`,
    );
    this.name = 'ConfigurationError';
    this.mistakes = mistakes;
  }
}

/** The candidate nearest to a mistyped word, if one is near enough to be meant (edit distance ≤ 2, or a third of its length). */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, j) => j);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
