import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Kubernetes, startKubernetes } from '../../local/kubernetes/start.ts';
import type { Call } from '../manifests/cluster/support/api.ts';
import { applyGuards, makeNamespaces } from '../manifests/cluster/support/guards.ts';
import { dryApply } from '../manifests/cluster/support/paths.ts';
import { ALLOWED, NAMESPACES, OBJECTS, OWNERSHIP, makeObjects } from '../manifests/cluster/support/policy-cases.ts';
import {
  type Plane,
  type Reached,
  defineAddOns,
  describeOnPlane,
  reach,
  startPlane,
} from '../manifests/cluster/support/start.ts';
import { ADD_ON_CASES, CONTENT_CASES } from '../manifests/content-cases.ts';

const CONTENT = [...CONTENT_CASES, ...ADD_ON_CASES].map(([what, object]) => [what, dryApply(object)] as const);
const CALLS: [what: string, call: Call][] = [
  ...(['provisioner', 'deprovisioner'] as const).flatMap((as) =>
    [...OBJECTS, ...NAMESPACES, ...ALLOWED].map(([what, call]): [string, Call] => [`${as}: ${what}`, { as, ...call }]),
  ),
  ...CONTENT.map(([what, call]): [string, Call] => [`provisioner: apply ${what}`, { as: 'provisioner', ...call }]),
  ...OWNERSHIP.map(([what, call]): [string, Call] => [`admin: ${what}`, { as: 'admin', ...call }]),
];

/** What an answer says of a request: whether it passes, and if not, why. */
async function verdictOf(plane: Reached, call: Call): Promise<object> {
  const { status, text } = await plane.send(call);
  if (status < 300) return { passes: true };
  const { reason, message } = JSON.parse(text) as { reason: string; message: string };
  return { status, reason, message };
}

describeOnPlane('the policies on the stand-in', () => {
  let plane: Plane;
  let kubernetes: Kubernetes;
  let standIn: Reached;

  beforeAll(async () => {
    plane = await startPlane();
    // pods are ready where their status says so, as without a kubelet
    kubernetes = await startKubernetes({ policies: false, readyMs: 3_600_000 });
    standIn = reach(kubernetes.access);
    await defineAddOns(standIn);
    for (const each of [plane, standIn]) {
      await makeNamespaces(each);
      await applyGuards(each);
      await makeObjects(each);
    }
  }, 120_000);

  afterAll(async () => {
    await standIn.close();
    await kubernetes.stop();
    await plane.stop();
  });

  it.each(CALLS)('answer as the real API server does: %s', async (_what, call) => {
    expect(await verdictOf(standIn, call)).toEqual(await verdictOf(plane, call));
  });
});
