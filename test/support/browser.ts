// A Chromium for browser tests, through playwright-core, on a machine where nothing was installed by hand: Playwright's own
// if it is there, then the system's, then the one that comes as an npm package. Called by browser tests only.
// Never skips: where no browser can be had it throws and says what was tried.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { packagedChromium } from './packaged-chromium.ts';

type FoundBrowser = {
  readonly origin: 'COUNTERSIGN_TEST_BROWSER' | 'playwright' | 'system' | 'npm';
  readonly executablePath: string;
  readonly env: { readonly [name: string]: string };
};

const systemNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Nothing here reaches out: the pages are on loopback, and Chromium's own errands would hang on a closed network. */
const args = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-domain-reliability',
  '--no-pings',
];

/**
 * Starts a headless Chromium with a new, empty profile; web security as in production. The caller closes it.
 * `COUNTERSIGN_TEST_BROWSER` may name an executable, or one of `playwright`, `system`, `npm`.
 * Throws when no browser is found or the one found does not start.
 */
export async function launchBrowser(): Promise<Browser> {
  const found = await findBrowser();
  try {
    return await chromium.launch({
      executablePath: found.executablePath,
      headless: true,
      args,
      // Chromium's sandbox refuses to run as root, and needs user namespaces for everybody else.
      chromiumSandbox: process.getuid?.() !== 0 && mayUseNamespaces(),
      env: { ...inheritedEnvironment(), ...found.env },
    });
  } catch (fault) {
    throw new Error(`Chromium (${found.origin}: ${found.executablePath}) did not start.`, { cause: fault });
  }
}

/** Which browser launchBrowser would start; throws with all that was tried when there is none. */
export async function findBrowser(): Promise<FoundBrowser> {
  const wish = process.env.COUNTERSIGN_TEST_BROWSER ?? '';
  if (wish !== '' && !['playwright', 'system', 'npm'].includes(wish)) {
    if (!isExecutable(wish)) throw new Error(`COUNTERSIGN_TEST_BROWSER names ${wish}, which cannot be executed.`);
    return { origin: 'COUNTERSIGN_TEST_BROWSER', executablePath: wish, env: {} };
  }
  const tried: string[] = [];
  if (wish === '' || wish === 'playwright') {
    const own = chromium.executablePath();
    if (own !== '' && existsSync(own)) return { origin: 'playwright', executablePath: own, env: {} };
    tried.push(`Playwright's own (${own === '' ? 'none for this system' : own})`);
  }
  if (wish === '' || wish === 'system') {
    const onPath = systemBrowser();
    if (onPath !== undefined) return { origin: 'system', executablePath: onPath, env: {} };
    tried.push(`${systemNames.join(', ')} on the path`);
  }
  if (wish === '' || wish === 'npm') {
    const packaged = await packagedChromium();
    if (packaged.ok) return { origin: 'npm', executablePath: packaged.executablePath, env: packaged.env };
    tried.push(`the npm package @sparticuz/chromium (${packaged.why})`);
  }
  throw new Error(
    `No browser for the browser tests. Tried: ${tried.join('; ')}. COUNTERSIGN_TEST_BROWSER may name one.`,
  );
}

function systemBrowser(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of systemNames) {
      const candidate = join(folder, name);
      if (folder !== '' && isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Many containers forbid unprivileged user namespaces, and there Chromium's sandbox cannot start. */
function mayUseNamespaces(): boolean {
  return process.platform !== 'linux' || spawnSync('unshare', ['--user', 'true'], { stdio: 'ignore' }).status === 0;
}

function inheritedEnvironment(): { [name: string]: string } {
  const environment: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value;
  return environment;
}
