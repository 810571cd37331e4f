import { afterAll, beforeAll, describe } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kubernetes, startKubernetes } from '../../../local/kubernetes/start.ts';
import { describeDiagnosis } from './cases.ts';
import { APPS, IN_NAMESPACE, NAMESPACE, type Stage, mountAll, setStage } from './stage.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

interface Template {
  spec: { template: { metadata: { labels: Record<string, string> }; spec: object } };
}

/** What the controllers of a real cluster would do for one workload. */
async function makePod({ admin }: Stage, kind: string, name: string): Promise<void> {
  const workload = await admin.call<KubeObject & Template>({ method: 'GET', path: `${APPS}/${kind}/${name}` });
  const { metadata, spec } = workload?.spec.template ?? { metadata: { labels: {} }, spec: {} };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-0`, namespace: NAMESPACE, labels: metadata.labels },
    spec,
  };
  await admin.call({ method: 'POST', path: `${IN_NAMESPACE}/pods`, body: pod });
}

describe('the diagnosis, on the stand-in', () => {
  let kubernetes: Kubernetes;
  let dir: string;
  let stage: Stage;

  beforeAll(async () => {
    // pods never run, as where nothing mounts
    kubernetes = await startKubernetes({ readyMs: 3_600_000 });
    dir = await mkdtemp(join(tmpdir(), 'diagnosis-'));
    const kubeconfig = join(dir, 'kubeconfig');
    await kubernetes.writeKubeconfig(kubeconfig);
    stage = await setStage({ access: kubernetes.access, kubeconfig });
    await makePod(stage, 'statefulsets', 'postgres');
    await makePod(stage, 'deployments', 'todo-app-be');
    await mountAll(stage);
  });

  afterAll(async () => {
    await stage?.stop();
    await kubernetes?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  describeDiagnosis(() => stage);
});
