import Module from 'node:module';
import type { CoreFunction, Hook, ProgrammingModel } from './core-types.ts';

/** What the app gave the core while its entry point ran. */
export interface Registry {
  functions: CoreFunction[];
  hooks: Map<string, Hook[]>;
  model?: ProgrammingModel;
}

export interface CoreLog {
  (level: string, category: string, message: string): void;
}

/** Text that the app may see as the host's and the worker's version. */
const VERSION = '4.0.0-local';

/**
 * Supplies `@azure/functions-core` by patching `Module.prototype.require`, as the Node worker does
 * (https://github.com/Azure/azure-functions-nodejs-worker, setupCoreModule), and by no other hook: what the worker
 * could not give its core to, this host can't either. Returns what the app registers.
 */
export function supplyCore(log: CoreLog): Registry {
  const registry: Registry = { functions: [], hooks: new Map() };
  const core = coreApi(registry, log);
  const modules = Module.prototype as { require: (this: unknown, id: string) => unknown };
  const original = modules.require;
  modules.require = function require(id) {
    return id === '@azure/functions-core' ? core : original.call(this, id);
  };
  return registry;
}

class Disposable {
  readonly dispose: () => void;
  constructor(dispose: () => void) {
    this.dispose = dispose;
  }
}

function coreApi(registry: Registry, log: CoreLog): object {
  return {
    version: VERSION,
    hostVersion: VERSION,
    Disposable,
    log,
    registerHook(name: string, hook: Hook) {
      const hooks = registry.hooks.get(name) ?? [];
      registry.hooks.set(name, [...hooks, hook]);
      return new Disposable(() =>
        registry.hooks.set(
          name,
          (registry.hooks.get(name) ?? []).filter((one) => one !== hook),
        ),
      );
    },
    setProgrammingModel(model: ProgrammingModel) {
      registry.model = model;
    },
    getProgrammingModel: () => registry.model,
    registerFunction(metadata: CoreFunction['metadata'], callback: CoreFunction['callback']) {
      const registered = { metadata, callback };
      registry.functions.push(registered);
      return new Disposable(() => {
        registry.functions = registry.functions.filter((one) => one !== registered);
      });
    },
  };
}
