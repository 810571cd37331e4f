import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectAks } from '../../lib/cluster/auth/aks.ts';
import { createSend } from '../../lib/cluster/api/client.ts';
import { startAzure } from '../../local/azure/start.ts';
import { installAddOns } from '../../local/control-plane/add-ons.ts';
import type { ControlPlane } from '../../local/control-plane/start.ts';
import { kubeconfigText } from '../../local/kubernetes/kubeconfig.ts';
import { WITHOUT_CONTROL_PLANE, startControlPlane } from '../support/control-plane.ts';
import { describeContract } from './cases.ts';
import { installGuards, setPolicies } from './principals.ts';
import { type Target, eventually, newNamespace, reach } from './target.ts';

async function startTarget(controlPlane: ControlPlane): Promise<Target> {
  const { close, ...reached } = reach(controlPlane.access, controlPlane.kubeconfig);
  const stop = async (): Promise<void> => {
    await close();
    await controlPlane.stop();
  };
  try {
    if (!controlPlane.controllers) throw new Error('the contract needs kube-controller-manager: namespaces must end');
    await installAddOns(controlPlane.access);
    await installGuards(reached);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...reached,
    letRun: (namespace) => letPodsRun(reached, namespace),
    setPolicies: (on) => setPolicies(reached, on),
    stop,
  };
}

/** In place of a kubelet. */
async function letPodsRun({ raw }: Pick<Target, 'raw'>, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await eventually(async () => expect((await raw('GET', path)).body.items).not.toEqual([]));
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  for (const pod of (await raw('GET', path)).body.items ?? []) {
    const patch = { body: { status }, contentType: 'application/strategic-merge-patch+json' };
    await raw('PATCH', `${path}/${pod.metadata.name}/status`, patch);
  }
}

if (WITHOUT_CONTROL_PLANE) {
  describe.skip(`the real API server (${WITHOUT_CONTROL_PLANE})`, () => {
    it('passes the contract', () => {});
  });
} else {
  describe('the real API server', () => {
    let controlPlane: ControlPlane;
    let target: Target;
    beforeAll(async () => {
      controlPlane = await startControlPlane();
      target = await startTarget(controlPlane);
    }, 120_000);
    afterAll(() => target?.stop());
    describeContract(() => target);

    it('trusts the CA in the kubeconfig of an AKS cluster, and no other', async () => {
      const { access } = controlPlane;
      const clusterId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c';
      const options = { clock: { now: () => Date.now(), sleep: async () => {} }, random: () => 0.5 };
      const credential = {
        getToken: async () => ({ token: access.tokens.admin, expiresOnTimestamp: Date.now() + 3_600_000 }),
      };
      const read = async (kubeconfig: string) => {
        const cluster = { id: clusterId, issuer: 'https://issuer.example.org/', fqdn: 'c.example.org', kubeconfig };
        const azure = await startAzure({ identities: [], clusters: [cluster] });
        const connection = connectAks({ clusterId, arm: { endpoint: azure.url, loopback: true }, credential });
        const send = createSend(connection, options);
        const call = { method: 'GET', path: '/api/v1/namespaces/default', object: 'Namespace/default' } as const;
        return send(call).finally(() => Promise.all([connection.close(), azure.close()]));
      };
      expect(await read(kubeconfigText(access))).toMatchObject({ status: 200 });
      const { server, tokens } = access;
      await expect(read(kubeconfigText({ server, tokens }))).rejects.toMatchObject({ code: 'unavailable' });
    });

    it('says by its words alone that a quota is used up, and the client calls that a quota', async () => {
      const metadata = newNamespace();
      const namespace = metadata.name;
      await target.raw('POST', '/api/v1/namespaces', {
        as: 'provisioner',
        body: { apiVersion: 'v1', kind: 'Namespace', metadata },
      });
      const quota = {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'q' },
        spec: { hard: { secrets: '0' } },
      };
      await target.apply(`/api/v1/namespaces/${namespace}/resourcequotas/q`, quota);
      await eventually(async () => {
        const { body } = await target.raw('GET', `/api/v1/namespaces/${namespace}/resourcequotas/q`);
        expect(body['status']).toMatchObject({ hard: { secrets: '0' } });
      });
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
      const options = { namespace, fresh: true, known: [], writeGuard: () => undefined };
      const { error } = await target.cluster.apply([secret], options);
      expect(error).toMatchObject({ code: 'quota' });
    });
  });
}
