// Unpacks the Chromium of the npm package @sparticuz/chromium once, into a folder that belongs to this user alone, and says
// how to run it with nothing installed by the system. Called by browser.ts. The package itself unpacks to fixed names in the
// temporary folder, where a half-written or foreign file would be executed: here it does so in a fresh folder, renamed when whole.
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export type PackagedChromium =
  | { readonly ok: true; readonly executablePath: string; readonly env: { readonly [name: string]: string } }
  | { readonly ok: false; readonly why: string };

const whole = 'unpacked-with-fonts';

/** The package's own configuration looks for its fonts in /tmp and Lambda's folders: elsewhere every text would be empty. */
const fontsConfiguration = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir>${join(folder, 'fonts', 'cache')}</cachedir>
</fontconfig>
`;

/** Path and environment of the unpacked browser (about 210 MB on disk). Linux on x86-64 only. */
export async function packagedChromium(): Promise<PackagedChromium> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { ok: false, why: `made for linux-x64, this is ${process.platform}-${process.arch}` };
  const found = findPackage();
  if (found === undefined) return { ok: false, why: 'not installed' };
  const home = privateFolder(`chromium-${found.version}`);
  const folder = join(home, whole);
  if (!existsSync(folder)) {
    const why = unpack(found.entry, home, folder);
    if (why !== undefined) return { ok: false, why };
  }
  return {
    ok: true,
    executablePath: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_FILE: join(folder, 'fonts', 'fonts.conf') },
  };
}

function findPackage(): { readonly version: string; readonly entry: string } | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
    const root = entry.slice(0, entry.lastIndexOf(join('@sparticuz', 'chromium'))) + join('@sparticuz', 'chromium');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { version, entry };
  } catch {
    return undefined;
  }
}

/** In node_modules where it can be written, else in the temporary folder under this user's number, not readable to others. */
function privateFolder(name: string): string {
  const project = resolve(dirname(import.meta.filename), '..', '..');
  const inModules = join(project, 'node_modules', '.cache', 'countersign', name);
  try {
    mkdirSync(inModules, { recursive: true });
    if (!existsSync(join(inModules, whole))) accessSync(inModules, constants.W_OK);
    return inModules;
  } catch {
    const shared = join(tmpdir(), `countersign-${process.getuid?.() ?? 'user'}-${name}`);
    mkdirSync(shared, { recursive: true, mode: 0o700 });
    const owner = statSync(shared);
    if (owner.uid !== process.getuid?.() || (owner.mode & 0o077) !== 0)
      throw new Error(`${shared} belongs to somebody else or is open to others: remove it.`);
    return shared;
  }
}

function unpack(entry: string, home: string, folder: string): string | undefined {
  const fresh = mkdtempSync(join(home, 'unpacking-'));
  try {
    const script = `const m = await import(${JSON.stringify(pathToFileURL(entry).href)}); await (m.default.default ?? m.default).executablePath();`;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      encoding: 'utf8',
      // The package unpacks to TMPDIR, and brings the system libraries along only where it believes to be in a Lambda.
      env: { ...process.env, TMPDIR: fresh, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' },
    });
    if (run.status !== 0) return `unpacking failed: ${run.stderr.trim().split('\n').at(-1) ?? 'no reason given'}`;
    if (!existsSync(join(fresh, 'chromium'))) return 'the package unpacked no browser';
    writeFileSync(join(fresh, 'fonts', 'fonts.conf'), fontsConfiguration(folder));
    try {
      renameSync(fresh, folder);
    } catch (fault) {
      // Another test file was quicker: its copy is as good.
      if (!existsSync(folder)) throw fault;
    }
    return undefined;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
