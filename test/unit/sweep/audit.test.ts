import { describe, expect, it } from '@jest/globals';
import type { AuditEntry } from '../../../lib/environment/ports/audit.ts';
import type { Ports } from '../../../lib/environment/ports/ports.ts';
import { confirmSweep, sweep } from '../../../lib/sweep/sweep.ts';
import { REPOSITORY } from '../../support/fakes/world.ts';
import { leaveOrphan, withLost } from './lost.ts';

const SWEEP = { kind: 'system', name: 'sweep' };

function audited(ports: Ports) {
  const lines: AuditEntry[] = [];
  let flushed = 0;
  const audit = {
    note: (entry: AuditEntry) => void lines.push(entry),
    flush: async () => void (flushed = lines.length),
  };
  return { lines, isFlushed: () => flushed === lines.length, ports: { ...ports, audit } };
}

describe('the audit trail of a sweep', () => {
  it('names what each request is for and why, and each credential that went', async () => {
    const world = await withLost(1, 4);
    const object = leaveOrphan(world, 'lost');
    const { lines, isFlushed, ports } = audited(world.ports);
    await sweep(ports);

    expect(lines).toEqual([
      {
        actor: SWEEP,
        environment: 'ex-0',
        repository: REPOSITORY.fullName,
        ref: 'ex-0',
        requestId: world.requests.waiting[0]?.request.id,
        action: 'sweep',
        result: 'decided',
        reason: 'branch ex-0 is gone',
      },
      {
        actor: SWEEP,
        environment: 'lost',
        action: 'credential-removed',
        result: 'done',
        object,
        reason: expect.stringMatching(/^no record and no namespace: /) as unknown,
      },
    ]);
    expect(isFlushed()).toBe(true);
  });

  it('names what was held, what was confirmed and what was refused', async () => {
    const world = await withLost(4, 8);
    const { lines, isFlushed, ports } = audited(world.ports);
    const { held } = await sweep(ports);
    const object = `plan ${held?.planId}`;
    const reason = '4 deletions, SWEEP_MAX_DELETIONS allows 3';
    expect(lines).toEqual([{ actor: SWEEP, action: 'sweep-held', result: 'decided', reason, object }]);
    lines.length = 0;

    await confirmSweep(ports, held?.planId ?? '');
    expect(lines[0]).toMatchObject({ action: 'sweep-confirmed', result: 'accepted', reason: '4 deletions', object });
    expect(lines.slice(1).map(({ action, environment }) => [action, environment])).toEqual(
      [0, 1, 2, 3].map((n) => ['sweep', `ex-${n}`]),
    );
    lines.length = 0;
    const again = await confirmSweep(ports, held?.planId ?? '');
    const refusal = 'reason' in again ? again.reason : '';
    expect(refusal).toContain('the plan was confirmed at');
    expect(lines).toMatchObject([{ action: 'sweep-confirmed', result: 'refused', reason: refusal, object }]);
    expect(isFlushed()).toBe(true);
  });
});
