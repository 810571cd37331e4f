import { type Container, type Finding, type LiveEvent, type LivePod } from '../reading.ts';
import { newestWarning } from './events.ts';
import { toCause } from './message.ts';

/** https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go */
const IMAGE_REASONS = new Set([
  'ErrImageNeverPull',
  'ErrImagePull',
  'ErrRegistryUnavailable',
  'ImageInspectError',
  'ImagePullBackOff',
  'InvalidImageName',
  'RegistryUnavailable',
]);

const ANSWERS: readonly [RegExp, words: string, fix: (image: string) => string][] = [
  [
    /toomanyrequests|too many requests|\b429\b|pull rate limit/i,
    'the registry takes no more pulls for now (too many requests)',
    (image) => `wait, or copy ${image} into a registry of your own`,
  ],
  [
    /unauthorized|authentication required|access denied|\b40[13]\b|\bforbidden\b|no basic auth|insufficient_scope/i,
    'the registry does not let the cluster pull it (unauthorized)',
    (image) =>
      `let the cluster pull from ${registryOf(image)} (az aks update --attach-acr), or name an imagePullSecret`,
  ],
  [
    /no such host|connection refused|i\/o timeout|deadline exceeded|no route to host|unreachable|x509|tls:|EOF/i,
    'the registry does not answer',
    (image) => `see that the nodes reach ${registryOf(image)}`,
  ],
  [
    /not found|notfound|manifest unknown|does not exist/i,
    'not found',
    (image) => `push the image ${image}, or provision with an imageTag that the registry has`,
  ],
];

/** Why an image is not there; undefined where it is not the image that the container waits for. */
export function toImageCause(
  reason: string,
  of: { container: Container | undefined; message: string | undefined; pod: LivePod; events: readonly LiveEvent[] },
): Finding | undefined {
  if (!IMAGE_REASONS.has(reason)) return undefined;
  const image = of.container?.image ?? 'unknown';
  if (reason === 'InvalidImageName') {
    return {
      code: 'image',
      words: `${image} is no image name: ${toCause(of.message)}`,
      isFinal: true,
      fix: 'fix the image in the overlay, or the imageTag, then push or provision again',
    };
  }
  // of three events two say only "Error: ErrImagePull" and "Error: ImagePullBackOff"; the container's own words hold all
  const told = /: /.test(of.message ?? '') ? of.message : undefined;
  const event = newestWarning(of.events, of.pod, { reasons: ['Failed'], message: /Failed to pull image/ });
  const text = told ?? event?.message ?? of.message ?? '';
  const known = ANSWERS.find(([pattern]) => pattern.test(text));
  const words = known?.[1] ?? (toCause(text) || reason);
  return {
    code: 'image',
    words: `waiting for image ${image}: ${words}`,
    ...(known !== undefined && { fix: known[2](image) }),
  };
}

function registryOf(image: string): string {
  const [host = ''] = image.split('/');
  return /[.:]/.test(host) && image.includes('/') ? host : 'docker.io';
}
