import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Kubernetes, startKubernetes } from '../../local/kubernetes/start.ts';
import type { Call } from '../manifests/cluster/support/api.ts';
import { applyGuards, makeNamespaces } from '../manifests/cluster/support/guards.ts';
import { dryApply } from '../manifests/cluster/support/paths.ts';
import { ALLOWED, NAMESPACES, OBJECTS, OWNERSHIP, makeObjects } from '../manifests/cluster/support/policy-cases.ts';
import { type Reached, defineAddOns, reach } from '../manifests/cluster/support/start.ts';
import { ADD_ON_CASES, CONTENT_CASES } from '../manifests/content-cases.ts';

describe('the policies on the stand-in, where no control plane is at hand', () => {
  let kubernetes: Kubernetes;
  let standIn: Reached;

  beforeAll(async () => {
    kubernetes = await startKubernetes({ policies: false, readyMs: 3_600_000 });
    standIn = reach(kubernetes.access);
    await defineAddOns(standIn);
    await makeNamespaces(standIn);
    await applyGuards(standIn);
    await makeObjects(standIn);
  });

  afterAll(async () => {
    await standIn.close();
    await kubernetes.stop();
  });

  async function passes(call: Call): Promise<void> {
    const { status, text } = await standIn.send(call);
    expect([status < 300, text]).toEqual([true, expect.any(String)]);
  }

  async function isDenied(call: Call, ...words: string[]): Promise<void> {
    const { status, text } = await standIn.send(call);
    expect([status, text]).toEqual([403, expect.any(String)]);
    expect(words.filter((each) => text.includes(each))).not.toEqual([]);
  }

  it.each([...OBJECTS, ...NAMESPACES])('do not let either principal %s', async (_what, call) => {
    for (const as of ['provisioner', 'deprovisioner'] as const)
      await isDenied(
        { as, ...call },
        ...['provisioner-objects v1: ', 'provisioner-namespaces v1: ', 'this namespace may not be deleted'],
      );
  });

  it.each(OWNERSHIP)('let nobody else %s', (_what, call) =>
    isDenied({ as: 'admin', ...call }, 'feature-branch-provisioner-ownership v1: '),
  );

  it.each(ALLOWED)('let both %s', async (_what, call) => {
    for (const as of ['provisioner', 'deprovisioner'] as const) await passes({ as, ...call });
  });

  it.each([...CONTENT_CASES, ...ADD_ON_CASES])('judge %s as the overlays’ validation does', (_what, object, rule) => {
    const call: Call = { as: 'provisioner', ...dryApply(object) };
    return rule === '' ? passes(call) : isDenied(call, rule);
  });
});
