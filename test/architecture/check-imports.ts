// `npm run check`, last step: prints every import that goes the wrong way, and exits with 1 when there is one.
import { violations } from './import-directions.ts';
import { productSources } from './project-files.ts';

const sources = productSources();
const found = violations(sources);
for (const one of found) process.stdout.write(`${one.path}:${one.line}: ${one.rule}: ${one.text}\n`);
const imports = sources.reduce((sum, source) => sum + source.imports.length, 0);
process.stdout.write(`${sources.length} files, ${imports} imports, ${found.length} against the rules of the house\n`);
if (found.length > 0) process.exitCode = 1;
