import { randomUUID } from 'node:crypto';
import type { CoreContext, InvocationResponse, TypedData } from './core-types.ts';
import { type App, type AppFunction, runHooks } from './load-app.ts';
import type { HostLog } from './log.ts';

export interface Call {
  data: TypedData;
  triggerMetadata?: Record<string, TypedData>;
  traceParent?: string;
  /** Why the host calls, in its own words: "New queue message detected on 'x'." */
  reason: string;
}

export interface Invoker {
  /** Runs one function to its end through the library's own conversion; rejects with what it threw. */
  invoke(fn: AppFunction, call: Call): Promise<InvocationResponse>;
  /** Resolves when no call is in flight. */
  drained(): Promise<void>;
}

interface InvokerOptions {
  app: App;
  log: HostLog;
  timeoutMs: number;
  /** Told of a function that ran into the timeout: the real worker is restarted then. */
  onTimeout: (fn: AppFunction) => void;
}

/** Calls functions as the Node worker does: arguments, hooks, handler, hooks, response. */
export function createInvoker({ app, log, timeoutMs, onTimeout }: InvokerOptions): Invoker {
  const inFlight = new Set<Promise<unknown>>();
  return {
    invoke(fn, call) {
      const timer = setTimeout(() => onTimeout(fn), timeoutMs);
      const running = runLogged({ app, fn, call, log }).finally(() => {
        clearTimeout(timer);
        inFlight.delete(running);
      });
      inFlight.add(running);
      return running;
    },
    async drained() {
      while (inFlight.size > 0) await Promise.allSettled(inFlight);
    },
  };
}

interface Run {
  app: App;
  fn: AppFunction;
  call: Call;
  log: HostLog;
}

async function runLogged(run: Run): Promise<InvocationResponse> {
  const { fn, call, log } = run;
  const invocationId = randomUUID();
  const started = performance.now();
  const ended = (how: string) =>
    `Executed 'Functions.${fn.name}' (${how}, Id=${invocationId}, Duration=${Math.round(performance.now() - started)}ms)`;
  log('information', `Executing 'Functions.${fn.name}' (Reason='${call.reason}', Id=${invocationId})`);
  try {
    const response = await runOnce({ ...run, invocationId });
    log('information', ended('Succeeded'));
    return response;
  } catch (error) {
    log('error', `${ended('Failed')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    throw error;
  }
}

async function runOnce({
  app,
  fn,
  call,
  log,
  invocationId,
}: Run & { invocationId: string }): Promise<InvocationResponse> {
  const core: CoreContext = {
    invocationId,
    metadata: fn.metadata,
    request: {
      invocationId,
      inputData: [{ name: fn.trigger.name, data: call.data }],
      triggerMetadata: call.triggerMetadata ?? {},
      traceContext: { traceParent: call.traceParent ?? newTraceParent(), traceState: '' },
    },
    log: (level, _category, message) => log(level, message),
  };
  const model = app.model.getInvocationModel(core);
  const { context, inputs } = await model.getArguments();
  const shared = { hookData: {}, appHookData: {}, invocationContext: context };
  const before = { ...shared, inputs, functionCallback: fn.callback };
  core.state = 'preInvocationHooks';
  await runHooks(app.hooks.get('preInvocation'), before);
  core.state = 'invocation';
  const after: { result: unknown; error: unknown } & Record<string, unknown> = {
    ...shared,
    inputs,
    result: null,
    error: null,
  };
  try {
    after.result = await model.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (error) {
    after.error = error ?? 'undefined';
  }
  core.state = 'postInvocationHooks';
  await runHooks(app.hooks.get('postInvocation'), after);
  core.state = undefined;
  if (after.error !== null) throw toError(after.error);
  return model.getResponse(context, after.result);
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`The function threw ${String(thrown)}`);
}

/** W3C trace context of a call that nobody has given one: https://www.w3.org/TR/trace-context/#traceparent-header */
function newTraceParent(): string {
  const hex = () => randomUUID().replaceAll('-', '');
  return `00-${hex()}-${hex().slice(0, 16)}-00`;
}
