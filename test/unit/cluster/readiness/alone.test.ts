import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../lib/cluster/api/object-meta.ts';
import { judgeAlone } from '../../../../lib/cluster/readiness/judge.ts';
import { NOW, READY_POD, ago, deployment, job, meta, pod } from './recorded.ts';

const alone = (apiVersion: string, kind: string, live: LiveObject | undefined) =>
  judgeAlone({ apiVersion, kind }, live ?? { metadata: meta('none') }, NOW);

describe('an object by its own status alone', () => {
  it('is ready, or says what it lacks', () => {
    const up = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    expect(alone('apps/v1', 'Deployment', deployment('web', up).live)).toEqual({ state: 'ready' });
    expect(alone('apps/v1', 'Deployment', deployment('web').live)).toEqual({
      state: 'starting',
      reason: '0 of 1 replicas available',
    });
    expect(alone('v1', 'Pod', { metadata: meta('tool'), status: { phase: 'Failed' } })).toEqual({
      state: 'failed',
      reason: 'it failed and will not restart',
    });
  });

  it('says where to look in its own namespace, and in none where it has none', () => {
    const tried = job('migrate', { failed: 1 }).live ?? { metadata: meta('migrate') };
    expect(alone('batch/v1', 'Job', tried).reason).toContain('kubectl get pods -n feature-x -l job-name=migrate');
    const { name, uid, resourceVersion } = tried.metadata;
    expect(alone('batch/v1', 'Job', { ...tried, metadata: { name, uid, resourceVersion } }).reason).toContain(
      'kubectl get pods -n  -l',
    );
  });

  it('asks nothing of the way in, which other objects decide', () => {
    expect(alone('v1', 'Service', { metadata: meta('web'), spec: { type: 'LoadBalancer' } })).toEqual({
      state: 'ready',
    });
  });

  // a page showed a pod that was restarted once as starting for ever
  it('is a pod that was restarted long ago, and is well again', () => {
    const restarted = (seconds: number): LiveObject =>
      pod('tool', 'Pod/none', {
        ...READY_POD,
        containerStatuses: [
          {
            name: 'main',
            ready: true,
            restartCount: 1,
            state: { running: { startedAt: ago(seconds) } },
            lastState: { terminated: { exitCode: 1, startedAt: ago(seconds + 9), finishedAt: ago(seconds) } },
          },
        ],
      });
    expect(alone('v1', 'Pod', restarted(61))).toEqual({ state: 'ready' });
    expect(alone('v1', 'Pod', restarted(59))).toEqual({
      state: 'starting',
      reason: 'container main ends again and again, exit code 1, 1 restart (Pod tool)',
    });
  });

  it('is a pod made a moment ago: nothing was lost before it', () => {
    expect(alone('v1', 'Pod', pod('tool', 'Pod/none', READY_POD, { created: ago(1) }))).toEqual({ state: 'ready' });
  });
});
