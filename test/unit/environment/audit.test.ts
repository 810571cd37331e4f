import { describe, expect, it } from '@jest/globals';
import type { AuditEntry } from '../../../lib/environment/ports/audit.ts';
import { confirmSweep, sweep } from '../../../lib/sweep/sweep.ts';
import { READY, unready } from '../../support/fakes/cluster-state.ts';
import { REPOSITORY, createWorld } from '../../support/fakes/world.ts';

function audited(options: Parameters<typeof createWorld>[0] = {}) {
  const world = createWorld(options);
  const lines: AuditEntry[] = [];
  let flushed = 0;
  world.ports.audit = {
    note: (entry) => void lines.push(entry),
    flush: async () => {
      flushed = lines.length;
    },
  };
  const told = () => lines.map(({ action, result }) => `${action} ${result}`);
  return { world, lines, told, isFlushed: () => flushed === lines.length };
}

const OCTOCAT = { kind: 'github', name: 'octocat' } as const;

describe('a life', () => {
  it('leaves a line for what was asked, by whom, and for each namespace and credential that came or went', async () => {
    const { world, lines, told, isFlushed } = audited({ github: true });
    const create = world.request('create', { actor: OCTOCAT });
    await world.handle(create);
    await world.settle();
    expect(told()).toEqual(['create accepted', 'namespace-created done', 'credential-created done']);
    for (const line of lines)
      expect(line).toMatchObject({
        actor: OCTOCAT,
        environment: 'ex-c4-e6',
        repository: REPOSITORY.fullName,
        ref: 'ex-c4-e6',
        deliveryId: create.deliveryId,
        requestId: create.id,
      });
    expect(lines[1]).toMatchObject({ object: 'Namespace/feature-ex-c4-e6', reason: 'the branch exists' });
    expect(lines[2]?.object).toMatch(/^FederatedCredential\//);

    lines.length = 0;
    world.clock.advance(60_000);
    await world.handle(world.request('deprovision', { actor: { kind: 'key', name: 'deprovision' }, why: 'by hand' }));
    await world.settle();
    expect(told().sort()).toEqual(['credential-removed done', 'deprovision accepted', 'namespace-deleted done']);
    expect(lines[0]).toMatchObject({ actor: { kind: 'key', name: 'deprovision' }, reason: 'by hand' });
    expect(isFlushed()).toBe(true);
  });

  it('leaves a line for each fall from ready, in the words of the record, and none while it lasts', async () => {
    const { world, lines } = audited({ github: true });
    await world.handle(world.request('create', { actor: OCTOCAT }));
    await world.settle();
    const cause = 'container web ended with exit code 1 (Pod web-0)';
    for (const readiness of [unready(cause), unready(cause), READY, unready(cause)]) {
      world.cluster.readinessIs = readiness;
      world.clock.advance(60_000);
      await world.handle(world.request('check'));
    }
    const why = world.record()?.history.find(({ what }) => what === 'unready')?.why;
    expect(why).toContain(cause);
    expect(lines.filter(({ action }) => action === 'unready').map(({ reason }) => reason)).toEqual([why, why]);
  });

  it('leaves one line for a refusal, with the guard, and none for a sweep that is refused again', async () => {
    const { world, lines, told } = audited({ settings: { trustDeliveries: false } });
    await world.handle(world.request('push', { actor: OCTOCAT }));
    await world.handle(world.request('sweep'));
    expect(told()).toEqual(['push accepted', 'push refused']);
    expect(lines[1]?.reason).toMatch(/^branch: .*TRUST_DELIVERIES/);
  });

  it('tells a body that came again, one that is too old, and one for another repository', async () => {
    const { world, told } = audited();
    const create = world.request('create', { digest: 'a'.repeat(32) });
    await world.handle(create);
    await world.handle({ ...create, id: 'again', deliveryId: 'again' });
    await world.handle(world.request('push', { position: 0 }));
    await world.handle(world.request('push', { repository: { id: 99, fullName: 'acme/shop' } }));
    expect(told().filter((line) => !line.endsWith('done'))).toEqual([
      'create accepted',
      'create nothing-new',
      'push ignored',
      'push refused',
    ]);
  });
});

describe('a sweep', () => {
  it('leaves a line for each decision, for one that its limit stopped and for who confirmed it', async () => {
    const { world, lines, told, isFlushed } = audited({ github: true, settings: { sweepMaxDeletions: 1 } });
    for (const ref of ['one', 'two']) await world.handle(world.request('create', { ref }));
    await world.settle();
    world.github.list = {
      kind: 'list',
      repository: REPOSITORY,
      defaultBranch: 'main',
      names: new Set(['main']),
    };
    lines.length = 0;
    world.clock.advance(3_600_000);
    const swept = await sweep(world.ports);
    expect(told()).toContain('sweep-held decided');
    expect(told().filter((line) => line.startsWith('delete'))).toEqual([]);
    const planId = swept.held?.planId ?? '';

    lines.length = 0;
    await confirmSweep(world.ports, 'unknown', { kind: 'key', name: 'sweep-now' });
    await confirmSweep(world.ports, planId, { kind: 'user', name: 'octocat@example.com' });
    expect(lines[0]).toMatchObject({ action: 'sweep-confirmed', result: 'refused', object: 'plan unknown' });
    expect(lines[1]).toMatchObject({
      action: 'sweep-confirmed',
      result: 'accepted',
      actor: { kind: 'user', name: 'octocat@example.com' },
      object: `plan ${planId}`,
    });
    expect(
      lines
        .slice(2)
        .map(({ environment, result }) => `${environment} ${result}`)
        .sort(),
    ).toEqual(['one decided', 'two decided']);
    expect(isFlushed()).toBe(true);
  });
});
