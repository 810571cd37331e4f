import { describeApplying } from './cases/applying.ts';
import { describeAsking } from './cases/asking.ts';
import { describeClient } from './cases/client.ts';
import { describeConverging } from './cases/converging.ts';
import { describeNamespaces } from './cases/namespaces.ts';
import { describeRefusals } from './cases/refusals.ts';
import type { Target } from './target.ts';

/** What lib/cluster relies on, of any API server: the real one passes it, and so the stand-in must. */
export function describeContract(target: () => Target): void {
  describeNamespaces(target);
  describeApplying(target);
  describeAsking(target);
  describeRefusals(target);
  describeClient(target);
  describeConverging(target);
}
