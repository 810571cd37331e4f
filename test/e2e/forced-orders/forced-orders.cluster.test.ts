import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { WITHOUT_CONTROL_PLANE } from '../../support/control-plane.ts';
import { type AuditedPlane, startAuditedPlane } from '../converge/plane.ts';
import { MOMENTS, describeForcedOrders } from './cases.ts';
import { type Plane, toPlane } from './play.ts';

if (WITHOUT_CONTROL_PLANE) {
  describe.skip(`forced orders on a real API server (${WITHOUT_CONTROL_PLANE})`, () => {
    it('end as on the stand-in', () => {});
  });
} else {
  describe('on a real API server', () => {
    let audited: AuditedPlane;
    let plane: Plane;
    beforeAll(async () => {
      audited = await startAuditedPlane();
      plane = toPlane(audited.plane.access);
    }, 120_000);
    afterAll(async () => {
      await Promise.all([plane?.admin.close(), plane?.provisioner.close()]);
      await audited?.stop();
    });

    // a namespace takes its controllers five seconds to end: one order of each kind, the stand-in tries them all
    describeForcedOrders(
      () => plane,
      MOMENTS.filter(([name]) => name === 'the first object' || name === 'a workload'),
    );
  });
}
