import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { NAMESPACE, type World, createWorld } from '../../../support/fakes/world.ts';

const LOOK = `GET Namespace/${NAMESPACE}`;

let world: World;
let steps: string[];
/** Called at every step between the first object applied and the first workload. */
let beforeWorkloads: (step: string) => void;

beforeEach(() => {
  world = createWorld();
  steps = [];
  beforeWorkloads = () => undefined;
  world.turn.hook = (step) => {
    const hasBegun = steps.some((one) => one.startsWith('APPLY'));
    steps.push(step);
    if (hasBegun && !steps.some((one) => isWorkload(one))) beforeWorkloads(step);
  };
});

const isWorkload = (step: string): boolean => /^APPLY (Deployment|StatefulSet)/.test(step);

/** How often the owner was asked since the first apply; two waves follow the foundation. */
const looks = (): number =>
  steps.slice(steps.findIndex((step) => step.startsWith('APPLY'))).filter((step) => step === LOOK).length;

describe('the owner of the namespace', () => {
  it('is asked before each wave that follows the foundation', async () => {
    await world.handle(world.request('create'));

    const waves = ['APPLY Deployment', 'APPLY Ingress'].map((wave) => steps.findIndex((step) => step.startsWith(wave)));
    expect(looks()).toBe(2);
    expect(waves.map((first) => steps[first - 1])).toEqual([LOOK, LOOK]);
    expect(world.record()?.phase).toBe('ready');
  });

  it('is asked again by the retry where the answer is missing, and nothing is written meanwhile', async () => {
    beforeWorkloads = (step) => {
      if (step === LOOK) throw new ProvisionerError('unavailable', 'no answer');
    };
    const request = world.request('create');
    await expect(world.handle(request)).rejects.toMatchObject({ code: 'unavailable' });
    expect(steps.filter(isWorkload)).toEqual([]);

    beforeWorkloads = () => undefined;
    await world.handle(request);
    expect(world.record()?.phase).toBe('ready');
  });

  it('stops all further waves where the namespace is somebody else’s', async () => {
    beforeWorkloads = (step) => {
      if (step === LOOK) world.cluster.putForeign(NAMESPACE, { team: 'payments' });
    };
    await world.handle(world.request('create'));

    expect(steps.filter(isWorkload)).toEqual([]);
    expect(world.record()).toMatchObject({ phase: 'refused' });
  });
});
