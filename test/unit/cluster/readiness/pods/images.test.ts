import { describe, expect, it } from '@jest/globals';
import { toImageCause } from '../../../../../lib/cluster/readiness/pods/images.ts';
import type { Finding, LiveEvent } from '../../../../../lib/cluster/readiness/reading.ts';
import { READY_POD, ago, pod, warning } from '../recorded.ts';

const IMAGE = 'reg.test/web:v1';
const web = pod('web-1-a', 'ReplicaSet/web-1', READY_POD);

function look(
  message: string | undefined,
  {
    reason = 'ErrImagePull',
    events = [],
    image = IMAGE,
  }: { reason?: string; events?: LiveEvent[]; image?: string } = {},
): Finding | undefined {
  return toImageCause(reason, { container: { name: 'main', image }, message, pod: web, events });
}
const waiting = (words: string, fix?: string): Finding => ({
  code: 'image',
  words: `waiting for image ${IMAGE}: ${words}`,
  ...(fix !== undefined && { fix }),
});

const TOO_MANY = waiting(
  'the registry takes no more pulls for now (too many requests)',
  `wait, or copy ${IMAGE} into a registry of your own`,
);
const unauthorized = (host = 'reg.test'): Finding =>
  waiting(
    'the registry does not let the cluster pull it (unauthorized)',
    `let the cluster pull from ${host} (az aks update --attach-acr), or name an imagePullSecret`,
  );
const AWAY = waiting('the registry does not answer', 'see that the nodes reach reg.test');
const ABSENT = waiting('not found', `push the image ${IMAGE}, or provision with an imageTag that the registry has`);

describe('an image is awaited', () => {
  it.each([
    'ErrImageNeverPull',
    'ErrImagePull',
    'ErrRegistryUnavailable',
    'ImageInspectError',
    'ImagePullBackOff',
    'RegistryUnavailable',
  ])('by reason %s', (reason) => {
    expect(look('pull: x', { reason })).toEqual(waiting('pull: x'));
  });

  it.each(['', 'CrashLoopBackOff', 'ContainerCreating'])('by no reason such as "%s"', (reason) => {
    expect(look('pull: not found', { reason })).toBeUndefined();
  });

  it.each<[string, Finding]>([
    ['toomanyrequests: x', TOO_MANY],
    ['pull: Too Many Requests', TOO_MANY],
    ['status: 429', TOO_MANY],
    ['pull: you have reached your pull rate limit', TOO_MANY],
    ['429: unauthorized', TOO_MANY],
    ['x: unauthorized', unauthorized()],
    ['x: authentication required', unauthorized()],
    ['x: access denied', unauthorized()],
    ['status: 401', unauthorized()],
    ['status: 403', unauthorized()],
    ['x: Forbidden', unauthorized()],
    ['x: no basic auth credentials', unauthorized()],
    ['x: insufficient_scope', unauthorized()],
    ['401: not found', unauthorized()],
    ['x: no such host', AWAY],
    ['x: connection refused', AWAY],
    ['x: i/o timeout', AWAY],
    ['x: context deadline exceeded', AWAY],
    ['x: no route to host', AWAY],
    ['x: network is unreachable', AWAY],
    ['x509: unknown authority', AWAY],
    ['remote error: tls: bad certificate', AWAY],
    ['x: unexpected EOF', AWAY],
    ['no such host: not found', AWAY],
    ['x: not found', ABSENT],
    ['code: NotFound', ABSENT],
    ['x: manifest unknown', ABSENT],
    ['x: does not exist', ABSENT],
    ['x: something else', waiting('x: something else')],
  ])('with the cause of %s', (message, found) => {
    expect(look(message)).toEqual(found);
  });
});

describe('the words about an image', () => {
  const told = warning('Pod/web-1-a', 'Failed', 'Failed to pull image: unauthorized');

  it('are those of the container where it says more than that it waits', () => {
    expect(look('pull: not found', { events: [told] })).toEqual(ABSENT);
    expect(look('Back-off pulling image', { events: [told] })).toEqual(unauthorized());
    expect(look(undefined, { events: [told] })).toEqual(unauthorized());
  });

  it('are those of the event that tells of the pull, however many newer ones do not', () => {
    const later = warning('Pod/web-1-a', 'Failed', 'Error: ErrImagePull', ago(1));
    expect(look('Back-off', { events: [told, later] })).toEqual(unauthorized());
    expect(look('Back-off', { events: [later] })).toEqual(waiting('Back-off'));
    expect(look('Back-off', { events: [{ ...told, reason: 'Other' }] })).toEqual(waiting('Back-off'));
  });

  it('are the reason where nobody says anything', () => {
    expect(look(undefined)).toEqual(waiting('ErrImagePull'));
    expect(look(' ')).toEqual(waiting('ErrImagePull'));
  });

  it('say a name that is none at once, for good', () => {
    expect(look('couldn\'t parse "A:b"', { reason: 'InvalidImageName' })).toEqual({
      code: 'image',
      words: `${IMAGE} is no image name: couldn't parse "A:b"`,
      isFinal: true,
      fix: 'fix the image in the overlay, or the imageTag, then push or provision again',
    });
  });

  it('name no image where no container of the pod is meant', () => {
    const found = toImageCause('ErrImagePull', { container: undefined, message: 'x: y', pod: web, events: [] });
    expect(found?.words).toBe('waiting for image unknown: x: y');
    const nameless = toImageCause('ErrImagePull', { container: { name: 'a' }, message: 'x: y', pod: web, events: [] });
    expect(nameless?.words).toBe('waiting for image unknown: x: y');
  });
});

describe('the registry of an image', () => {
  it.each([
    ['reg.test/web:v1', 'reg.test'],
    ['localhost:5000/web', 'localhost:5000'],
    ['team/web:v1', 'docker.io'],
    ['web:v1', 'docker.io'],
    ['web', 'docker.io'],
    ['team/reg.test/web', 'docker.io'],
  ])('%s is %s', (image, host) => {
    expect(look('x: unauthorized', { image })?.fix).toBe(
      `let the cluster pull from ${host} (az aks update --attach-acr), or name an imagePullSecret`,
    );
  });
});
