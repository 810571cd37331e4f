/** One line of the host or, from inside a call, of the app. */
export type HostLog = (level: string, message: string) => void;

const ORDER = ['trace', 'debug', 'information', 'warning', 'error', 'critical'];

/** Writes lines as `func start` does, from `information` up: time first, warnings and errors by name. */
export function consoleLog(write: (line: string) => void = (line) => process.stdout.write(`${line}\n`)): HostLog {
  return (level, message) => {
    if (ORDER.indexOf(level) < ORDER.indexOf('information')) return;
    const mark = level === 'information' ? '' : `${level}: `;
    write(`[${new Date().toISOString()}] ${mark}${message}`);
  };
}
