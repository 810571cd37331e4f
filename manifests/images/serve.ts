import { createServer, type IncomingMessage } from 'node:http';

export interface Reply {
  status?: number;
  type?: string;
  /** Where the client goes on to. */
  location?: string;
  body?: string | Uint8Array;
}

export type Route = (request: IncomingMessage, text: string) => Promise<Reply> | Reply;

/** Routes are named `METHOD /path`. */
export type Routes = Readonly<Record<string, Route>>;

const LARGEST_BODY = 64 * 1024;
const END_WITHIN_MS = 5_000;

/** Serves HTTP until it is told to end, then finishes what has begun; a path that no route names is 404. */
export function serve(port: number, routes: Routes): void {
  const server = createServer((request, response) => {
    void answer(request, routes).then(({ status = 200, type = 'text/plain; charset=utf-8', location, body = '' }) => {
      const headers = { 'Content-Type': type, ...(location !== undefined && { Location: location }) };
      response.writeHead(status, headers).end(body);
    });
  });
  server.listen(port, '0.0.0.0');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close();
      // a peer that is gone before us must not keep us until the kubelet kills
      setTimeout(() => process.exit(0), END_WITHIN_MS).unref();
    });
  }
}

async function answer(request: IncomingMessage, routes: Routes): Promise<Reply> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const route = routes[`${request.method} ${path}`];
  if (route === undefined) return { status: 404, body: 'not found\n' };
  try {
    return await route(request, await read(request));
  } catch (error) {
    log('error', 'a request failed', { path, error: (error as Error).message });
    return { status: 500, body: 'failed\n' };
  }
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > LARGEST_BODY) throw new Error('the body is too large');
  }
  return text;
}

export function json(body: unknown, status = 200): Reply {
  return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}

/** Prometheus' text format. */
export function metrics(values: Readonly<Record<string, number>>): Reply {
  const lines = Object.entries(values).map(([name, value]) => `${name} ${value}\n`);
  return { type: 'text/plain; version=0.0.4', body: lines.join('') };
}

const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR'];

/** One line of JSON, if LOG_LEVEL asks for that much. */
export function log(level: 'debug' | 'info' | 'error', message: string, fields: Record<string, unknown> = {}): void {
  const least = LEVELS.indexOf((process.env['LOG_LEVEL'] ?? 'INFO').toUpperCase());
  if (LEVELS.indexOf(level.toUpperCase()) >= least) console.log(JSON.stringify({ level, message, ...fields }));
}

/** A variable that the manifests set; the program ends at once, and says so, where they don't. */
export function setting(name: string, fallback?: string): string {
  const value = process.env[name] ?? fallback;
  if (value !== undefined) return value;
  console.error(`${name} is not set`);
  process.exit(1);
}
