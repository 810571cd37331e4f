import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OverlaySettings } from '../../../local/build/overlays.ts';

/** The small parts of a pod that the trees below change. */
export interface PodSpec {
  containers: [ContainerSpec];
  [field: string]: unknown;
}

export interface ContainerSpec {
  name: string;
  image: string;
  command: string[];
  [field: string]: unknown;
}

export const SMALL = { cpu: '10m', memory: '16Mi' };
const SERVE = 'mkdir -p /tmp/www && echo hello > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www';

/** A pod that serves one page, ready a second after it starts. */
export function servingPod(): PodSpec {
  return {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'web',
        image: 'busybox:1.37',
        command: ['sh', '-c', SERVE],
        readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
        resources: { requests: SMALL, limits: { cpu: '200m', memory: '32Mi' } },
      },
    ],
  };
}

export function deployment(name: string, spec: PodSpec): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

/** A kustomize tree of one overlay, in a folder of its own. */
export async function writeTree(objects: readonly object[]): Promise<OverlaySettings> {
  const manifestsDir = await mkdtemp(join(tmpdir(), 'node-tree-'));
  const overlay = join(manifestsDir, 'overlays', 'only');
  await mkdir(overlay, { recursive: true });
  await writeFile(join(overlay, 'kustomization.yaml'), 'namespace: feature-BRANCH_NAME\nresources: [objects.yaml]\n');
  await writeFile(join(overlay, 'objects.yaml'), objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  return { manifestsDir, overlays: ['only'] };
}
