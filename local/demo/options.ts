import { parseArgs } from 'node:util';
import type { Component } from '../kustomize/switched-tree.ts';

export interface DemoOptions {
  keep: boolean;
  /** A cluster of the user's. */
  cluster?: { kubeconfig: string; context: string };
  yes: boolean;
  /** What the overlay is switched to by one line each. */
  components: Component[];
}

export const USAGE = `npm run demo [-- options]

  --gateway                          lead in by components/gateway in place of the Ingress
  --private                          let nobody in without signing in, by components/private
  --keep                             leave everything running, and show how to play on
  --kubeconfig FILE --context NAME   use this cluster; asks before it writes to it
  --yes                              do not ask

With KUBEBUILDER_ASSETS set, a real control plane from that directory serves in place of the stand-in.`;

/** The demo's command line; throws with words that fix it. */
export function parseOptions(args: string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      keep: { type: 'boolean', default: false },
      gateway: { type: 'boolean', default: false },
      private: { type: 'boolean', default: false },
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      yes: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { keep, yes, kubeconfig, context } = values;
  if ((kubeconfig === undefined) !== (context === undefined)) throw new Error('--kubeconfig and --context go together');
  const components = (['gateway', 'private'] as const).filter((component) => values[component]);
  return {
    keep,
    yes,
    components,
    ...(kubeconfig !== undefined && context !== undefined && { cluster: { kubeconfig, context } }),
  };
}
