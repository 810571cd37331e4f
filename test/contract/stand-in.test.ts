import { afterAll, beforeAll, describe } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKubernetes } from '../../local/kubernetes/start.ts';
import { describeContract } from './cases.ts';
import { installGuards, setPolicies } from './principals.ts';
import { reach, type Target } from './target.ts';

async function startTarget(): Promise<Target> {
  const kubernetes = await startKubernetes();
  const dir = await mkdtemp(join(tmpdir(), 'contract-'));
  const kubeconfig = join(dir, 'kubeconfig');
  await kubernetes.writeKubeconfig(kubeconfig);
  const { close, ...reached } = reach(kubernetes.access, kubeconfig);
  await installGuards(reached);
  return {
    ...reached,
    async letRun() {},
    setPolicies: (on) => setPolicies(reached, on),
    async stop() {
      await close();
      await kubernetes.stop();
      await rm(dir, { recursive: true });
    },
  };
}

describe('the stand-in for the API server', () => {
  let target: Target;
  beforeAll(async () => {
    target = await startTarget();
  });
  afterAll(() => target.stop());
  describeContract(() => target);
});
