import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import { NAMESPACE, type World, createWorld } from '../../support/fakes/world.ts';

const LOOK = `GET Namespace/${NAMESPACE}`;

let world: World;
let steps: string[];
/** Done as a step of the foundation is taken, the last one of which is a Secret. */
let inFoundation: (step: string) => void;

beforeEach(() => {
  world = createWorld();
  steps = [];
  inFoundation = () => undefined;
  world.turn.hook = (step) => {
    const hasBegun = steps.some((one) => one.startsWith('APPLY'));
    steps.push(step);
    if (hasBegun && !steps.some((one) => isWorkload(one))) inFoundation(step);
  };
});

const isWorkload = (step: string): boolean => /^APPLY (Deployment|StatefulSet)/.test(step);

/** Looks since the first apply; two waves follow the foundation. */
const looks = (): number =>
  steps.slice(steps.findIndex((step) => step.startsWith('APPLY'))).filter((step) => step === LOOK).length;

describe('the look at the owner before a wave', () => {
  it('is taken once for each, while the last answer of the wave before is due', async () => {
    await world.handle(world.request('create'));

    expect(looks()).toBe(2);
    expect(
      steps.indexOf(
        LOOK,
        steps.findIndex((step) => step.startsWith('APPLY')),
      ),
    ).toBeLessThan(steps.findIndex(isWorkload));
    expect(world.record()?.phase).toBe('ready');
  });

  it('is taken again where that answer took long', async () => {
    inFoundation = (step) => {
      if (step.startsWith('APPLY')) world.clock.advance(300);
    };
    await world.handle(world.request('create'));

    expect(looks()).toBe(3);
  });

  it('is taken again where it failed, and fails nothing', async () => {
    let asked = 0;
    inFoundation = (step) => {
      if (step === LOOK && (asked += 1) === 1) throw new ProvisionerError('unavailable', 'no answer');
    };
    await world.handle(world.request('create'));

    expect(looks()).toBe(3);
    expect(world.record()?.phase).toBe('ready');
  });

  it('stops all further waves where it finds somebody else there', async () => {
    inFoundation = (step) => {
      if (step === LOOK) world.cluster.putForeign(NAMESPACE, { team: 'payments' });
    };
    await world.handle(world.request('create'));

    expect(steps.filter(isWorkload)).toEqual([]);
    expect(world.record()).toMatchObject({ phase: 'refused' });
  });
});
