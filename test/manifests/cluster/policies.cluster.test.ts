import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildGuards } from '../../../local/kustomize/build-guards.ts';
import { ADD_ON_CASES, CONTENT_CASES } from '../content-cases.ts';
import { type Call, eventually } from './support/api.ts';
import {
  PRINCIPALS,
  applyGuards,
  guardNamed,
  isAllowed,
  isRefused,
  makeNamespaces,
  withChanged,
} from './support/guards.ts';
import { dryApply, pathOf } from './support/paths.ts';
import { ALLOWED, NAMESPACES, OBJECTS, OWNERSHIP, labellingOurs, makeObjects } from './support/policy-cases.ts';
import { renderBranch } from './support/render-branch.ts';
import { type Plane, describeOnPlane, startPlane } from './support/start.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

interface Validation {
  expression: string;
  message: string;
}

describeOnPlane('the policies', () => {
  let plane: Plane;
  let guards: KubeObject[];

  beforeAll(async () => {
    plane = await startPlane();
    await makeNamespaces(plane);
    guards = await applyGuards(plane);
    await makeObjects(plane);
  }, 120_000);

  afterAll(() => plane.stop());

  describe.each(['provisioner', 'deprovisioner'] as const)('over a %s with every right there is', (as) => {
    it.each([...OBJECTS, ...NAMESPACES])('do not let it %s', async (_what, call) => {
      expect(await plane.send({ as, ...call })).toEqual(expect.objectContaining({ status: 403 }));
    });

    it.each(ALLOWED)('let it %s', async (_what, call) => {
      const { status, text } = await plane.send({ as, ...call });

      expect([status < 300, text]).toEqual([true, expect.any(String)]);
    });
  });

  it('bind nobody else', async () => {
    for (const [, call] of OBJECTS.slice(0, 1)) expect(await isAllowed(plane, { as: 'admin', ...call })).toBe(true);
    for (const name of ['feature-ours', 'project']) {
      expect(await isAllowed(plane, { as: 'admin', ...labellingOurs({ team: 'x' }, name) })).toBe(true);
    }
  });

  it.each(OWNERSHIP)('let nobody else, administrators included, %s', async (_what, call) => {
    const { status, text } = await plane.send({ as: 'admin', ...call });

    expect([status, text]).toEqual([403, expect.stringContaining('feature-branch-provisioner-ownership v1: ')]);
  });

  it('say which of them refused, in which version', async () => {
    for (const [what, call] of [...OBJECTS, ...NAMESPACES]) {
      const { text } = await plane.send({ as: 'provisioner', ...call });
      expect([what, text]).toEqual([
        what,
        expect.stringMatching(/denied request: feature-branch-provisioner-\w+ v1: |this namespace may not be deleted/),
      ]);
    }
  });

  it.each(['objects', 'namespaces', 'ownership'])(
    'of %s are each needed: without any one a request passes that it refused',
    async (which) => {
      const name = `feature-branch-provisioner-${which}`;
      const guard = guardNamed(guards, 'ValidatingAdmissionPolicy', name);
      const spec = guard['spec'] as { validations: Validation[] };
      const byMessage = await refusedBy(which === 'ownership' ? ownershipCalls() : allCalls());

      for (const dropped of spec.validations) {
        const validations = spec.validations.filter((each) => each !== dropped);
        // a policy is never without validations
        const none = [{ expression: 'true', message: 'x' }];
        const changed = { ...guard, spec: { ...spec, validations: validations.length > 0 ? validations : none } };
        const calls = byMessage.get(dropped.message) ?? [];
        await withChanged(plane, { guard, changed }, () =>
          eventually(`a request passes without "${dropped.message}"`, () => anyPasses(calls)),
        );
        await eventually('all is refused again', () => allRefused(calls));
      }
    },
    300_000,
  );

  it.each(['feature-branch-provisioner-objects', 'feature-branch-provisioner-namespaces'])(
    'of %s bind by their binding alone',
    async (name) => {
      const guard = guardNamed(guards, 'ValidatingAdmissionPolicyBinding', name);
      const calls = [...OBJECTS, ...NAMESPACES].map(([, call]): Call => ({ as: 'deprovisioner', ...call }));

      await plane.ok({ as: 'admin', method: 'DELETE', path: pathOf(guard) });
      await eventually('a request passes', () => anyPasses(calls));
      await plane.apply(guard);

      await eventually('all is refused again', () => allRefused(calls));
    },
    60_000,
  );

  function allCalls(): Call[] {
    const content = [...CONTENT_CASES, ...ADD_ON_CASES].filter(([, , rule]) => rule !== '');
    const calls = [...OBJECTS, ...NAMESPACES].map(([, call]) => call);
    return [...calls, ...content.map(([, object]) => dryApply(object))].map((call) => ({ as: 'provisioner', ...call }));
  }

  function ownershipCalls(): Call[] {
    return OWNERSHIP.map(([, call]) => ({ as: 'admin', ...call }));
  }

  /** The calls by the message of the validation that refuses each first. */
  async function refusedBy(calls: Call[]): Promise<Map<string, Call[]>> {
    const found = new Map<string, Call[]>();
    for (const call of calls) {
      const [message = ''] = /feature-branch-provisioner-\w+ v\d+: [^"]*/.exec((await plane.send(call)).text) ?? [];
      found.set(message, [...(found.get(message) ?? []), call]);
    }
    return found;
  }

  describe('on what an object of a branch holds', () => {
    it.each([...CONTENT_CASES, ...ADD_ON_CASES])(
      'judge %s as the overlays’ validation does',
      async (_what, object, rule) => {
        const { status, text } = await plane.send({ as: 'provisioner', ...dryApply(object) });

        if (rule === '') expect([status < 300, text]).toEqual([true, expect.any(String)]);
        else
          expect([status, text]).toEqual([
            403,
            expect.stringContaining(`feature-branch-provisioner-objects v1: ${rule}`),
          ]);
      },
    );

    it('admit every object of the branch that is shipped', async () => {
      for (const object of await renderBranch('ours')) await plane.ok({ as: 'provisioner', ...dryApply(object) });
    });

    it('admit what an administrator states in settings.env', async () => {
      const settings = {
        ...{ DOMAIN: 'example.com', HOSTS: '{slug}-x.{domain}', SERVICE_TYPES: 'ClusterIP, LoadBalancer' },
        EXTERNAL_NAMES: '*.shared.svc',
      };
      const name = 'feature-branch-provisioner-objects';
      const guard = guardNamed(guards, 'ValidatingAdmissionPolicy', name);
      const changed = guardNamed(await buildGuards(PRINCIPALS, settings), 'ValidatingAdmissionPolicy', name);
      const kind = (what: string) => CONTENT_CASES.find(([each]) => each === what)?.[1] as KubeObject;
      const withSpec = (object: KubeObject, spec: object) => ({
        ...object,
        spec: { ...(object['spec'] as object), ...spec },
      });
      const service = kind('a Service');
      const calls = [
        withSpec(kind('an Ingress of any host'), { rules: [{ host: 'ours-x.example.com' }] }),
        withSpec(service, { type: 'LoadBalancer' }),
        withSpec(service, { type: 'ExternalName', externalName: 'db.shared.svc' }),
      ].map((object): Call => ({ as: 'provisioner', ...dryApply(object) }));
      expect(await allRefused(calls)).toBe(true);

      await withChanged(plane, { guard, changed }, () =>
        eventually('all pass', async () => {
          const answers = await Promise.all(calls.map((call) => plane.send(call)));
          return answers.every(({ status }) => status < 300);
        }),
      );
      await eventually('all is refused again', () => allRefused(calls));
    }, 60_000);
  });

  async function anyPasses(calls: Call[]): Promise<boolean> {
    const answers = await Promise.all(calls.map((call) => plane.send(call)));
    return answers.some(({ status }) => status < 300);
  }

  async function allRefused(calls: Call[]): Promise<boolean> {
    const refused = await Promise.all(calls.map((call) => isRefused(plane, call)));
    return refused.every((each) => each);
  }
});
