import { type Machine, thisMachine } from '../../../lib/deps/machine.ts';
import type { Env } from '../../../lib/settings.ts';
import type { World } from '../../support/fakes/world.ts';

/** The process with these settings, by the clock and the log of a world. */
export function machineIn(world: World, env: Env, more: Partial<Machine> = {}): Machine {
  const { clock, ports } = world;
  return { ...thisMachine(env), clock, random: ports.random, newId: ports.newId, log: ports.log, ...more };
}
