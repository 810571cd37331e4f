import { toCredentialName } from '../../../lib/environment/model/names.ts';
import { GONE, REPOSITORY, type World, createWorld } from '../../support/fakes/world.ts';

/** Ready environments ex-0, ex-1, …, of which the branches of the first ones are gone. */
export async function withLost(count: number, of: number, settings: Partial<World['settings']> = {}): Promise<World> {
  const world = createWorld({ github: true, settings });
  const refs = Array.from({ length: of }, (_, n) => `ex-${n}`);
  for (const ref of refs) await world.handle(world.request('create', { ref }));
  const names = new Set(['main', ...refs.slice(count)]);
  world.github.list = { kind: 'list', repository: REPOSITORY, defaultBranch: 'main', names };
  world.github.answer = GONE;
  world.log.length = 0;
  // the looks that follow on becoming ready are none of a sweep's
  world.requests.waiting.length = 0;
  return world;
}

/** A credential of an environment that has neither record nor namespace. */
export function leaveOrphan(world: World, slug: string): string {
  const serviceAccount = 'postgres-service-account';
  const name = toCredentialName({ slug, serviceAccount });
  world.access.credentials.set(name, `system:serviceaccount:feature-${slug}:${serviceAccount}`);
  return `FederatedCredential/pool-1/${name}`;
}

/** The fields of each log line of one message. */
export const said = (world: World, message: string): unknown[] =>
  world.log
    .filter((line) => line.startsWith(`${message} {`))
    .map((line) => JSON.parse(line.slice(message.length + 1)) as unknown);
