import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane as start,
} from '../../local/control-plane/start.ts';

/** Why a suite on a real control plane is skipped; undefined where KUBEBUILDER_ASSETS names one. */
export const WITHOUT_CONTROL_PLANE = process.env['KUBEBUILDER_ASSETS']
  ? undefined
  : 'skipped: KUBEBUILDER_ASSETS names no etcd and kube-apiserver';

/** Starts the real control plane that KUBEBUILDER_ASSETS names, in about 6 seconds; one start serves a whole suite. */
export function startControlPlane(options: Omit<ControlPlaneOptions, 'assets'> = {}): Promise<ControlPlane> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (!assets) throw new Error('KUBEBUILDER_ASSETS is not set');
  return start({ assets, ...options });
}
