import { dyingTree, evictedTree, lackingTree, probedTree, remarkedTree, setTree, situations } from './situations.ts';

const LONG = { READY_DEADLINE: '10m' };

/** Each situation by its name, with a tree, and so an app and a branch, of its own. */
export function trees(): Record<string, { objects: object[]; settings?: Record<string, string> }> {
  return {
    dies: { objects: dyingTree() },
    probed: { objects: probedTree() },
    evicted: { objects: evictedTree(), settings: LONG },
    repaired: { objects: setTree(), settings: LONG },
    'by-hand': { objects: setTree(), settings: { ...LONG, POD_REPAIR: 'false' } },
    lacking: { objects: lackingTree() },
    remarked: { objects: remarkedTree(), settings: LONG },
    ...Object.fromEntries(situations().map(({ name, ...tree }) => [name, tree])),
  };
}
