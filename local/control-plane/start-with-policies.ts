import { installAddOns } from './add-ons.ts';
import { createAdmin } from './admin.ts';
import { installGuards } from './install-policies.ts';
import { startKubelet } from './kubelet.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './start.ts';

/** A real control plane as an administrator leaves it to the app: add-ons, roles, policies, and nodes that run pods. */
export async function startGuardedControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { log = () => undefined } = options;
  const plane = await startControlPlane(options);
  const admin = createAdmin(plane.access);
  try {
    log('installing add-ons, roles and policies');
    await installAddOns(plane.access);
    await installGuards(admin, { kubeconfig: plane.kubeconfig });
  } catch (error) {
    await plane.stop();
    throw error;
  }
  const stopKubelet = startKubelet(admin, { failed: (error) => log(`kubelet: ${String(error)}`) });
  return {
    ...plane,
    async stop() {
      await stopKubelet();
      await admin.close();
      await plane.stop();
    },
  };
}
