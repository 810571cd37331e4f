import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Kubernetes, startKubernetes } from '../../../local/kubernetes/start.ts';
import { MOMENTS, describeForcedOrders } from './cases.ts';
import { type Plane, toPlane } from './play.ts';

describe('on the stand-in for the API server', () => {
  let kubernetes: Kubernetes;
  let plane: Plane;
  beforeAll(async () => {
    kubernetes = await startKubernetes({ terminationMs: 20, readyMs: 20 });
    plane = toPlane(kubernetes.access);
  });
  afterAll(async () => {
    await Promise.all([plane.admin.close(), plane.provisioner.close()]);
    await kubernetes.stop();
  });

  describeForcedOrders(() => plane, MOMENTS);
});
