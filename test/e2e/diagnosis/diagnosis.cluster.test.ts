import { afterAll, beforeAll, describe } from '@jest/globals';
import { setTimeout as pass } from 'node:timers/promises';
import { installAddOns } from '../../../local/control-plane/add-ons.ts';
import { createAdmin } from '../../../local/control-plane/admin.ts';
import { installGuards } from '../../../local/control-plane/install-policies.ts';
import type { ControlPlane } from '../../../local/control-plane/start.ts';
import { WITHOUT_CONTROL_PLANE, startControlPlane } from '../../support/control-plane.ts';
import { describeDiagnosis } from './cases.ts';
import { type Stage, mountAll, setStage } from './stage.ts';

const describeOnPlane = WITHOUT_CONTROL_PLANE === undefined ? describe : describe.skip;

describeOnPlane('the diagnosis, on a real control plane as the provisioner', () => {
  let plane: ControlPlane;
  let stage: Stage;

  beforeAll(async () => {
    // no kubelet: pods stay as controllers make them, and what a driver or kubelet says of them the test says
    plane = await startControlPlane();
    await installAddOns(plane.access);
    const admin = createAdmin(plane.access);
    await installGuards(admin, { kubeconfig: plane.kubeconfig });
    await admin.close();
    stage = await setStage(plane);
    const end = Date.now() + 30_000;
    while ((await mountAll(stage)).length < 2) {
      if (Date.now() > end) throw new Error('the controllers made no pods that mount');
      await pass(200);
    }
  }, 120_000);

  afterAll(async () => {
    await stage?.stop();
    await plane?.stop();
  });

  describeDiagnosis(() => stage);
});
