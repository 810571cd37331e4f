import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { consoleLog } from './log.ts';
import { run, type ServedFunction } from './run.ts';

/*
 * The host as a process of its own: node local/host/main.ts --dir APP --port 7071
 * It ends by SIGINT, SIGTERM, the message "stop" from its parent, or with its parent; calls in flight end first.
 */
const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: '.' },
    port: { type: 'string', default: '7071' },
    'message-lease': { type: 'string', default: '00:10:00' },
  },
});
const log = consoleLog();
const appDir = resolve(values.dir);
process.chdir(appDir);

try {
  const host = await run({ appDir, port: Number(values.port), messageLease: values['message-lease'], log });
  let ending: Promise<void> | undefined;
  const end = () => (ending ??= host.drain().then(() => process.exit(0)));
  process.on('SIGTERM', () => void end());
  // Ctrl-C reaches every process of a terminal; a parent that has one decides itself when this one ends.
  process.on('SIGINT', () => void (process.connected || end()));
  process.on('message', (message) => void (message === 'stop' && end()));
  process.on('disconnect', () => void end());
  console.log(list(host.functions));
  console.log(`Ready: ${host.url}`);
  process.send?.({ url: host.url, functions: host.functions });
} catch (error) {
  console.error(whyNot(error as NodeJS.ErrnoException));
  process.exit(1);
}

function list(functions: readonly ServedFunction[]): string {
  const line = ({ name, kind, methods, address }: ServedFunction) =>
    address === undefined ? `\t${name}: ${kind}` : `\t${name}: [${methods.join(',')}] ${address}`;
  return `\nFunctions:\n\n${functions.map(line).join('\n\n')}\n`;
}

function whyNot(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${values.port} is taken: end what listens there, or set PORT to another.`;
  return `The host can't start: ${error.stack ?? error.message}`;
}
