import { setTimeout as sleep } from 'node:timers/promises';
import { parseTimeSpan } from './triggers/time-span.ts';
import { resolveExpressions } from './expressions.ts';
import { type HostSettings, readHostSettings } from './host-json.ts';
import { type HttpListener, listen } from './triggers/http-listener.ts';
import { createInvoker, type Invoker } from './invoke.ts';
import { type AppFunction, loadApp } from './load-app.ts';
import type { HostLog } from './log.ts';
import { parseSchedule } from './triggers/ncrontab.ts';
import { listenToQueue, poisonQueueName, type QueueListener } from './triggers/queue-listener.ts';
import { type Route, toRoute } from './triggers/routes.ts';
import { queueService } from './storage-connection.ts';
import { runOnSchedule } from './triggers/timer-listener.ts';

const SEND_WITHIN_MS = 1_000;

export interface RunOptions {
  appDir: string;
  port: number;
  /** Time span that a message in hand stays hidden; the real extension's 10 minutes by default. */
  messageLease?: string;
  log: HostLog;
}

/** A function as `func start` lists it: HTTP ones with their methods and address. */
export interface ServedFunction {
  name: string;
  kind: string;
  methods: string[];
  address?: string;
}

export interface RunningHost {
  url: string;
  functions: ServedFunction[];
  /** Takes nothing new, and resolves when the calls in flight have ended. */
  drain(): Promise<void>;
}

/** Loads a built app into this process and serves its functions; settings come from process.env, as the worker's do. */
export async function run({ appDir, port, messageLease = '00:10:00', log }: RunOptions): Promise<RunningHost> {
  const settings = await readHostSettings(appDir, process.env);
  const app = await loadApp(appDir, (level, _category, message) => log(level, message));
  const onTimeout = (fn: AppFunction) => {
    log(
      'error',
      `Timeout of ${settings.functionTimeoutMs} ms exceeded by 'Functions.${fn.name}': the process ends, as a worker would.`,
    );
    process.exit(1);
  };
  const invoker = createInvoker({ app, log, timeoutMs: settings.functionTimeoutMs, onTimeout });
  const starter = new Starter({ settings, invoker, log, leaseSeconds: parseTimeSpan(messageLease) / 1000 });
  // A binding that can't be resolved disables its function alone.
  const served: AppFunction[] = [];
  for (const fn of app.functions) if (await starter.prepare(fn)) served.push(fn);
  const http = await listen({ port, routes: starter.routes, invoker });
  starter.begin();
  const url = `http://localhost:${http.port}`;
  return {
    url,
    functions: served.map((fn) => toServed(fn, starter.routes, url)),
    drain: () => drain({ http, starter, invoker }),
  };
}

async function drain({
  http,
  starter,
  invoker,
}: {
  http: HttpListener;
  starter: Starter;
  invoker: Invoker;
}): Promise<void> {
  const answered = http.close();
  await starter.close();
  await invoker.drained();
  // A client that never finishes its request does not hold the end up.
  await Promise.race([answered, sleep(SEND_WITHIN_MS)]);
}

function toServed(fn: AppFunction, routes: readonly Route[], url: string): ServedFunction {
  const route = routes.find((one) => one.fn === fn);
  const served: ServedFunction = { name: fn.name, kind: fn.trigger.type, methods: [...(route?.methods ?? [])] };
  return route ? { ...served, address: `${url}/${route.template}` } : served;
}

interface StarterOptions {
  settings: HostSettings;
  invoker: Invoker;
  log: HostLog;
  leaseSeconds: number;
}

/** Collects what the triggers need while nothing runs yet, then begins all of them at once. */
class Starter {
  readonly routes: Route[] = [];
  readonly #options: StarterOptions;
  readonly #starts: (() => void)[] = [];
  readonly #queues: QueueListener[] = [];
  readonly #timers: (() => void)[] = [];

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  async prepare(fn: AppFunction): Promise<boolean> {
    try {
      if (/^(true|1)$/i.test(process.env[`AzureWebJobs.${fn.name}.Disabled`] ?? '')) return false;
      await this.#prepareTrigger(fn);
      return true;
    } catch (error) {
      this.#options.log('error', `The '${fn.name}' function is in error: ${(error as Error).message}`);
      return false;
    }
  }

  begin(): void {
    for (const start of this.#starts) start();
  }

  async close(): Promise<void> {
    for (const stop of this.#timers) stop();
    await Promise.all(this.#queues.map((queue) => queue.close()));
  }

  async #prepareTrigger(fn: AppFunction): Promise<void> {
    const { settings, invoker, log, leaseSeconds } = this.#options;
    const { trigger } = fn;
    const resolved = (text: string | undefined) => resolveExpressions(text ?? '', process.env);
    switch (trigger.type.toLowerCase()) {
      case 'httptrigger':
        this.routes.push(toRoute(fn, settings.routePrefix));
        return;
      case 'queuetrigger': {
        const service = await queueService(resolved(trigger.connection) || 'AzureWebJobsStorage', process.env);
        const queueName = resolved(trigger.queueName);
        const poison = poisonQueueName(queueName);
        const poisonQueue = poison === undefined ? undefined : service.getQueueClient(poison);
        const queue = service.getQueueClient(queueName);
        const queueOptions = { fn, queue, poisonQueue, settings: settings.queues, leaseSeconds, invoker, log };
        this.#starts.push(() => this.#queues.push(listenToQueue(queueOptions)));
        return;
      }
      case 'timertrigger': {
        const schedule = parseSchedule(resolved(trigger.schedule));
        this.#starts.push(() => this.#timers.push(runOnSchedule({ fn, schedule, invoker })));
        return;
      }
      default:
        throw new Error(`A ${trigger.type} is not served by the local host.`);
    }
  }
}
