import { beforeEach, describe, expect, it } from '@jest/globals';
import { writeEnvironment } from '../../../../../lib/environment/steps/apply.ts';
import { toJobDigest } from '../../../../../lib/environment/steps/ready/jobs.ts';
import { ProvisionerError } from '../../../../../lib/errors.ts';
import { beginRun } from '../../../../support/fakes/run.ts';
import { NAMESPACE, type World, createWorld } from '../../../../support/fakes/world.ts';
import { CONFIG, JOB, ROUTE, STEP, WEB, entryOf, wantedBy, watchEnsure } from './written.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});

function failApply(kind: string, error: Error): void {
  world.turn.hook = (what) => {
    if (what.startsWith(`APPLY ${kind}`)) throw error;
  };
}

describe('a write that fails', () => {
  const FAULT = new ProvisionerError('rejected', 'not so');

  it.each([
    ['foundation', 'ConfigMap'],
    ['workloads', 'Deployment'],
    ['exposure', 'Ingress'],
  ] as const)('ends the run, in the %s, with what was done noted', async (step, kind) => {
    failApply(kind, FAULT);
    const run = await beginRun(world);
    await expect(writeEnvironment(run, wantedBy(run, { objects: [CONFIG, WEB, ROUTE] }))).rejects.toBe(FAULT);
    expect(run.record.steps[step]).toEqual({ ...STEP, state: 'failed' });
    expect(run.failures?.get(FAULT)).toBe(step);
    expect(run.record.inventory).not.toContainEqual(expect.objectContaining({ kind }));
  });

  it('keeps in the inventory what the same wave did apply', async () => {
    failApply('Deployment', FAULT);
    const run = await beginRun(world);
    await writeEnvironment(run, wantedBy(run, { objects: [WEB, JOB] })).catch(() => undefined);
    expect(run.record.inventory).toEqual([{ ...entryOf(JOB), digest: toJobDigest(JOB) }]);
  });

  it('is the credential’s where both fail, once neither writes any more', async () => {
    const fault = new ProvisionerError('quota', 'full');
    watchEnsure(world, fault);
    failApply('ConfigMap', FAULT);
    const run = await beginRun(world);
    await expect(writeEnvironment(run, wantedBy(run))).rejects.toBe(fault);
    expect(run.record.steps).toMatchObject({ credential: { state: 'failed' }, foundation: { state: 'failed' } });
  });

  it.each<[string, string]>([
    ['credential', ''],
    ['foundation', 'ConfigMap'],
    ['workloads', 'Deployment'],
  ])('is a refusal where the namespace proves to be another’s: in the %s', async (_, kind) => {
    const denied = new ProvisionerError('not-permitted', 'denied by policy');
    if (kind === '') watchEnsure(world, denied);
    const run = await beginRun(world);
    world.turn.hook = (what) => {
      if (kind === '' && what.startsWith('APPLY')) world.cluster.putForeign(NAMESPACE);
      if (kind === '' || !what.startsWith(`APPLY ${kind}`)) return;
      world.cluster.putForeign(NAMESPACE);
      throw denied;
    };
    expect(await writeEnvironment(run, wantedBy(run, { objects: [CONFIG, WEB] }))).toEqual({
      kind: 'refused',
      refusal: run.lost,
    });
    expect(run.lost).toMatchObject({ guard: 'owner' });
  });

  it('stays what it was where nobody can say whose the namespace is, and asks only where policies may have refused', async () => {
    for (const [code, asks] of [
      ['not-permitted', 1],
      ['rejected', 0],
    ] as const) {
      world = createWorld();
      const denied = new ProvisionerError(code, 'denied');
      const run = await beginRun(world);
      let looks = 0;
      world.turn.hook = (what) => {
        if (what.startsWith('APPLY ConfigMap')) throw denied;
        if (!what.startsWith('GET Namespace')) return;
        looks += 1;
        throw new ProvisionerError('unavailable', 'no answer');
      };
      await expect(writeEnvironment(run, wantedBy(run, { objects: [CONFIG] }))).rejects.toBe(denied);
      expect(looks).toBe(asks);
    }
  });

  it('is not asked about again where the namespace was found to be lost before', async () => {
    const denied = new ProvisionerError('not-permitted', 'denied');
    failApply('ConfigMap', denied);
    const run = await beginRun(world);
    const { createNamespace } = world.cluster;
    world.cluster.createNamespace = async (...given) => {
      const made = await createNamespace(...given);
      run.lost = { guard: 'uid', reason: 'another' };
      return made;
    };
    world.cluster.readNamespace = () => Promise.reject(new Error('asked'));
    expect(await writeEnvironment(run, wantedBy(run, { objects: [CONFIG] }))).toEqual({
      kind: 'refused',
      refusal: { guard: 'uid', reason: 'another' },
    });
  });
});
