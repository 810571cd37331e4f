import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './start.ts';

export async function startGuardedControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  return startControlPlane(options);
}
