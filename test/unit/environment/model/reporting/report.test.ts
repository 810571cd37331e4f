import { describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import { toReport, toReportKey } from '../../../../../lib/environment/model/reporting/report.ts';
import { minute, record } from '../requests.ts';

const DEPLOYED: Partial<EnvironmentRecord> = { github: { deploymentId: 1 } };
const url = 'http://ex.example.test';
const failed = (message: string, fix?: string): Partial<EnvironmentRecord> => ({
  phase: 'failed',
  error: { code: 'quota', message, ...(fix !== undefined && { fix }), retryable: false },
});

describe('toReport', () => {
  it.each<[string, Partial<EnvironmentRecord>, [state: string, description: string] | undefined]>([
    ['queued', { phase: 'queued' }, ['queued', 'Waiting to start']],
    ['waiting', { phase: 'waiting', waitingOn: 'a slot' }, ['queued', 'Waiting for a slot']],
    ['provisioning', { phase: 'provisioning' }, ['in_progress', 'Applying manifests']],
    ['starting', { phase: 'starting' }, ['in_progress', 'Starting']],
    ['starting, and it is known why', { phase: 'starting', waitingOn: 'a pod' }, ['in_progress', 'Starting: a pod']],
    [
      'starting after it was ready',
      { phase: 'starting', waitingOn: 'a pod', fellAt: minute(1) },
      ['in_progress', 'Not ready any more: a pod'],
    ],
    ['ready', { phase: 'ready' }, ['success', 'Ready']],
    ['ready, remarked', { phase: 'ready', remarks: ['a'] }, ['success', 'Ready; a remark: a']],
    ['ready, remarked twice', { phase: 'ready', remarks: ['a', 'b'] }, ['success', 'Ready; 2 remarks: a']],
    [
      'ready by its own manifests',
      { phase: 'ready', from: 'branch', differs: { added: ['a'], changed: [], removed: [] }, remarks: ['b'] },
      ['success', 'Ready; runs its own manifests (1 added); a remark: b'],
    ],
    ['expiring', { phase: 'expiring', deleteAt: minute(60) }, ['success', `Ready; goes at ${minute(60)}`]],
    [
      'expiring by its own manifests',
      { phase: 'expiring', from: 'branch' },
      ['success', 'Ready; goes at its end; runs its own manifests (not compared with the app’s: those do not render)'],
    ],
    ['failed', failed('too much', 'raise it'), ['failure', 'too much: raise it']],
    ['failed, without a fix', failed('too much'), ['failure', 'too much']],
    ['failed, for no known cause', { phase: 'failed' }, ['failure', 'Failed']],
    ['refused before GitHub was told', { phase: 'refused' }, undefined],
    [
      'refused',
      { phase: 'refused', refused: { guard: 'owner', reason: 'not ours' }, ...DEPLOYED },
      ['failure', 'not ours'],
    ],
    ['refused, for no known cause', { phase: 'refused', ...DEPLOYED }, ['failure', 'Refused']],
    ['deleting before GitHub was told', { phase: 'deleting' }, undefined],
    ['deleting', { phase: 'deleting', ...DEPLOYED }, ['inactive', 'Being removed']],
    ['gone before GitHub was told', { phase: 'gone' }, undefined],
  ])('of an environment that is %s', (_what, of, told) => {
    const [state, description] = told ?? [];
    const at = state === 'success' ? { url } : {};
    expect(toReport(record({ url, ...of }))).toStrictEqual(told && { kind: 'deployment', state, description, ...at });
  });

  it('names no address where there is none, and takes the deployment away with the environment', () => {
    expect(toReport(record({ phase: 'ready' }))).toStrictEqual({
      kind: 'deployment',
      state: 'success',
      description: 'Ready',
    });
    expect(toReport(record({ phase: 'gone', url, ...DEPLOYED }))).toStrictEqual({ kind: 'gone' });
  });

  it('is one line of 140 characters at most', () => {
    const said = (message: string) => toReport(record(failed(message)));
    expect(said(` a\n\tb  c `)).toMatchObject({ description: 'a b c' });
    expect(said('a'.repeat(140))).toMatchObject({ description: 'a'.repeat(140) });
    expect(said(`${'a'.repeat(139)}bc`)).toMatchObject({ description: `${'a'.repeat(139)}…` });
  });

  it('is no news where only its remarks are others', () => {
    const ready = record({ phase: 'ready', url });
    expect(toReportKey({ ...ready, remarks: ['a'] })).toStrictEqual(toReport(ready));
    expect(toReportKey({ ...ready, phase: 'starting' })).not.toEqual(toReport(ready));
  });
});
