// Builds the HMI with Vite when hmi-web/dist is older than what it is made of. Called by bootstrap.mjs.
// "Older" is judged by content: a hash over the sources and the lock file, kept in hmi-web/dist/.built-from.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { alone, projectFolder, StartRefused, say } from './project.mjs';
import { runPinned } from './run-child.mjs';

const sources = ['hmi-web', 'gateway/contract', 'package-lock.json', 'tsconfig.json'];
const dist = join(projectFolder, 'hmi-web', 'dist');
const stampFile = join(dist, '.built-from');

/** Throws StartRefused when the build fails; then the old one is gone and no stamp says otherwise. */
export async function buildHmiIfStale(node) {
  if (!existsSync(join(projectFolder, 'hmi-web', 'index.html')))
    throw new StartRefused('hmi-web/index.html is missing: this is not a complete clone.');
  const wanted = sourceDigest();
  if (builtFrom() === wanted) return;
  await alone(async () => {
    if (builtFrom() === wanted) return;
    say('Building the HMI …');
    rmSync(stampFile, { force: true });
    const config = join('hmi-web', 'vite.config.ts');
    const args = [join('node_modules', 'vite', 'bin', 'vite.js'), 'build', 'hmi-web', '--logLevel', 'warn'];
    if (existsSync(join(projectFolder, config))) args.push('--config', config);
    args.push('--outDir', dist, '--emptyOutDir');
    const code = await runPinned(node, args, { NODE_ENV: 'production' });
    if (code !== 0) throw new StartRefused('The HMI could not be built (Vite says why above).');
    writeFileSync(stampFile, wanted);
  });
}

function builtFrom() {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return undefined;
  }
}

function sourceDigest() {
  const hash = createHash('sha256');
  for (const source of sources)
    for (const file of filesBelow(join(projectFolder, source))) {
      const content = readFileSync(file);
      hash.update(`${relative(projectFolder, file).split(sep).join('/')}\0${content.length}\0`).update(content);
    }
  return hash.digest('hex');
}

function filesBelow(path) {
  const entries = readdirOrFile(path);
  if (entries === undefined) return [path];
  return entries
    .filter((entry) => entry.name !== 'dist' && entry.name !== 'node_modules')
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => filesBelow(join(path, entry.name)));
}

function readdirOrFile(path) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (fault) {
    if (fault.code === 'ENOTDIR') return undefined;
    throw fault;
  }
}
