/*
 * Runs before every npm script, on whatever Node the machine has: plain JavaScript, no dependency.
 * Makes the files that are the user's own from their samples, and
 * installs what package-lock.json says when node_modules is missing or was made from another lock file.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const isWindows = process.platform === 'win32';
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
/** Renaming it makes every checkout install once more. */
const stampFile = join(modules, '.install-stamp.json');
/** Outside node_modules, which `npm ci` deletes first. */
const lockFile = join(root, '.cache', 'install.lock');
const lockText = readFileSync(join(root, 'package-lock.json'));
const wanted = {
  lock: createHash('sha256').update(lockText).digest('hex'),
  platform: process.platform,
  arch: process.arch,
};

makeOwnFiles();
if (!isInstalled()) await installOnce();
linkRuntime();
checkRuntime();

/** What a user writes lies beside its sample, and git ignores it: a pull never meets it, and no test depends on it. */
function makeOwnFiles() {
  for (const name of ['principals.env', 'settings.env']) {
    const own = join(root, 'manifests', 'cluster', name);
    if (!existsSync(own) && existsSync(`${own}.sample`)) copyFileSync(`${own}.sample`, own);
  }
}

function isInstalled() {
  if (needsLeftOutRuntime()) return false;
  const stamp = readJson(stampFile);
  if (stamp) return Object.keys(wanted).every((key) => stamp[key] === wanted[key]);
  if (!madeByNpm()) return false;
  writeStamp();
  return true;
}

/** Somebody ran `npm ci` himself: npm's own note of what lies in node_modules says whether it is the same. */
function madeByNpm() {
  const there = readJson(join(modules, '.package-lock.json'));
  if (!there || !there.packages) return false;
  const locked = JSON.parse(lockText).packages;
  const agrees = ([path, entry]) =>
    path === '' ||
    entry.link ||
    (there.packages[path] ? there.packages[path].integrity === entry.integrity : entry.optional);
  return Object.entries(locked).every(agrees) && Object.keys(there.packages).every((path) => path in locked);
}

async function installOnce() {
  mkdirSync(dirname(lockFile), { recursive: true });
  const started = Date.now();
  while (!takeLock()) {
    progress('another install is running, waiting for it', started);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  try {
    if (!isInstalled()) await install();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function takeLock() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (!isAbandoned()) return false;
  rmSync(lockFile, { force: true });
  return false;
}

/** Its owner is gone, or never came to write its number. In another container its number may be anybody's. */
function isAbandoned() {
  try {
    const owner = Number(readFileSync(lockFile, 'utf8'));
    const unheardMs = Date.now() - statSync(lockFile).mtimeMs;
    if (!owner || unheardMs > 60_000) return unheardMs > 10_000;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

async function install() {
  const started = Date.now();
  const count = Object.keys(JSON.parse(lockText).packages).length - 1;
  console.log(`Installing ${count} packages as package-lock.json says, a minute or two the first time`);
  const timer = setInterval(() => {
    utimesSync(lockFile, new Date(), new Date());
    progress('installing', started);
  }, 1000);
  for (let tries = 1; tries <= 3; tries++) {
    const { code, said } = await npmCi();
    if (code !== 0) fail(code, said);
    if (!needsLeftOutRuntime()) break;
    console.log(`  npm left out ${runtimeName()}, the Node that comes along${tries < 3 ? ': once more' : ''}`);
  }
  clearInterval(timer);
  useBundledRuntimeOnlyIfItRuns();
  writeStamp();
  console.log(`Installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

function npmCi() {
  // npm_execpath is npm's own script; found through PATH, npm is a .cmd on Windows and needs a shell
  const own = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = own
    ? spawn(process.env.npm_node_execpath || process.execPath, [own, ...args], options)
    : spawn('npm', args, { ...options, shell: isWindows });
  let said = '';
  const keep = (chunk) => (said = (said + chunk).slice(-8000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, said: error.message }));
    child.on('close', (code, signal) => resolve({ code: code === null ? signal : code, said }));
  });
}

function fail(code, said) {
  console.error(said.trim().split('\n').slice(-20).join('\n'));
  console.error(`npm ci failed (${code}). Nothing was started.`);
  console.error('Check the network and `npm config get registry`, then run the same command again.');
  console.error('If files are in use, end what runs from node_modules first; deleting node_modules is always safe.');
  rmSync(lockFile, { force: true });
  process.exit(1);
}

function bundledRuntime() {
  return join(modules, '.bin', isWindows ? 'node.cmd' : 'node');
}

/** The package with the Node of this platform, as package-lock.json names it; undefined where there is none. */
function runtimeName() {
  const platform = `${isWindows ? 'win' : process.platform}-${process.arch}`;
  const { packages } = JSON.parse(lockText);
  return [`node-${platform}`, `node-bin-${platform}`].find((name) => packages[`node_modules/${name}`]);
}

function runtimeProgram(name) {
  return join(modules, name, 'bin', isWindows ? 'node.exe' : 'node');
}

/** npm leaves an optional package out without a word where its download fails; only an older Node has to have it. */
function needsLeftOutRuntime() {
  const name = runtimeName();
  return name !== undefined && !existsSync(runtimeProgram(name)) && !isNewEnough();
}

function isNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 19);
}

/**
 * npm up to 11.0 leaves no node in .bin: the packages of other platforms have a program of that name too, and where they
 * are passed over, npm takes it away for all of them.
 */
function linkRuntime() {
  const name = runtimeName();
  if (existsSync(bundledRuntime()) || name === undefined) return;
  const program = runtimeProgram(name);
  if (!existsSync(program) || spawnSync(program, ['--version']).status !== 0) return;
  mkdirSync(dirname(bundledRuntime()), { recursive: true });
  if (isWindows) writeFileSync(bundledRuntime(), `@"%~dp0..\\${name}\\bin\\node.exe" %*\r\n`);
  else symlinkSync(join('..', name, 'bin', 'node'), bundledRuntime());
}

/** A musl system installs the glibc binary and can't run it, and npm scripts would pick it first. */
function useBundledRuntimeOnlyIfItRuns() {
  const node = bundledRuntime();
  if (!existsSync(node)) return;
  const ran = spawnSync(node, ['--version'], { shell: isWindows });
  if (ran.status === 0) return;
  for (const name of ['node', 'node.cmd', 'node.ps1']) rmSync(join(modules, '.bin', name), { force: true });
}

function checkRuntime() {
  if (existsSync(bundledRuntime()) || isNewEnough()) return;
  if (needsLeftOutRuntime()) {
    console.error(
      `npm left out ${runtimeName()}, the Node that comes along, and this machine's is ${process.version}.`,
    );
    console.error(
      'Its download failed: check the network and `npm config get registry`, then run the same command again.',
    );
    process.exit(1);
  }
  console.error(
    `No Node comes along for ${process.platform}-${process.arch}, and this machine's is ${process.version}.`,
  );
  console.error(
    'Install Node 22.19 or newer (24 is what the app runs on), from nodejs.org or by a version manager such as',
  );
  console.error('nvm, and run the same command again.');
  process.exit(1);
}

function writeStamp() {
  writeFileSync(stampFile, JSON.stringify(wanted));
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function progress(what, started) {
  const seconds = Math.round((Date.now() - started) / 1000);
  if (seconds > 0 && seconds % 5 === 0) console.log(`  ${what}, ${seconds} s`);
}
