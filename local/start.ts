import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Azurite, isListening, startAzurite } from './azurite/azurite.ts';
import { build, projectRoot } from './build/build.ts';
import { localSettings } from './build/local-settings.ts';
import { overlaySettings } from './build/overlays.ts';
import { findOnPath, runFunc } from './func.ts';
import { startHost } from './host/start-host.ts';
import { missingOverlaySettings } from './setup/missing-overlay-settings.ts';
import { runStep } from './setup/step.ts';

/* `npm start`: builds the app and serves it with its user's settings until Ctrl-C. */
const AZURITE_PORTS = { blobPort: 10000, queuePort: 10001 };
/** How long Ctrl-C lets calls in flight go on. */
const DRAIN_WITHIN_MS = 20_000;

try {
  process.exitCode = await start();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function start(): Promise<number> {
  const settings = { ...(await localSettings(projectRoot)), ...process.env };
  const port = toPort(settings['PORT'] ?? '7071');
  if (await isListening(port))
    throw new Error(`Port ${port} is taken: end what listens there, or set PORT to another.`);
  if (!existsSync(join(projectRoot, 'local.settings.json'))) {
    console.log('There is no local.settings.json: copy local.settings.sample.json, or set its settings as variables.');
  }
  await buildApp();
  const missing = missingOverlaySettings(join(projectRoot, 'dist', 'overlays.json'), settings);
  if (missing.length > 0)
    console.log(['Every branch will be refused:', ...missing.map((each) => `  ${each}`)].join('\n'));
  const stopping = stopRequested();
  const azurite = await startAzuriteIfWanted(settings);
  try {
    await lookAround(settings);
    return await serve({ settings, port, stopping });
  } finally {
    await azurite?.stop();
  }
}

async function buildApp(): Promise<void> {
  const overlays = await overlaySettings(projectRoot);
  const { ms } = await build({ overlays, log: (line) => console.log(line) });
  console.log(`Built in ${ms} ms`);
}

/** Only where the development storage is asked for and nobody serves it: its data stays in .cache between runs. */
async function startAzuriteIfWanted(settings: NodeJS.ProcessEnv): Promise<Azurite | undefined> {
  if (!/UseDevelopmentStorage=true/i.test(settings['AzureWebJobsStorage'] ?? '')) return undefined;
  const taken = await Promise.all(Object.values(AZURITE_PORTS).map(isListening));
  if (taken.every(Boolean)) return undefined;
  const [blobTaken] = taken;
  if (taken.some(Boolean))
    throw new Error(
      `Port ${blobTaken ? AZURITE_PORTS.blobPort : AZURITE_PORTS.queuePort} is in use. Stop that process, or set AzureWebJobsStorage.`,
    );
  const dir = join(projectRoot, '.cache', 'azurite');
  await mkdir(dir, { recursive: true });
  const azurite = await startAzurite({ ...AZURITE_PORTS, dir });
  console.log('Azurite serves AzureWebJobsStorage on ports 10000 and 10001');
  return azurite;
}

/** Says once what is missing or wrong, settings and peers alike, with the fix; the app is served all the same. */
async function lookAround(settings: NodeJS.ProcessEnv): Promise<void> {
  const program = join(import.meta.dirname, 'preflight', 'at-start.ts');
  await runStep({ name: 'look around', args: ['--no-warnings', program], env: settings, shown: true }, projectRoot);
}

interface Serving {
  settings: NodeJS.ProcessEnv;
  port: number;
  stopping: Promise<unknown>;
}

/** Serves the app until it is told to stop or the host ends by itself; returns the exit code. */
async function serve({ settings, port, stopping }: Serving): Promise<number> {
  const func = await findOnPath('func');
  if (func !== undefined) return runFunc({ func, appDir: projectRoot, port, settings, stopping });
  const host = await startHost({ appDir: projectRoot, port, settings, log: (line) => console.log(line) });
  const ended = await Promise.race([host.exited, stopping]);
  if (ended !== undefined) {
    console.error('The host ended by itself; the lines above say why.');
    return 1;
  }
  const impatience = setTimeout(() => void host.kill(), DRAIN_WITHIN_MS);
  await host.stop().finally(() => clearTimeout(impatience));
  return 0;
}

function stopRequested(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(undefined));
  });
}

function toPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`PORT must be a number from 1 to 65535, and is ${text}`);
  return port;
}
