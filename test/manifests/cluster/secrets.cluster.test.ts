import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from './support/api.ts';
import { type Case, applyGuards, guardNamed, makeNamespaces } from './support/guards.ts';
import { APPLY, pathOf } from './support/paths.ts';
import { buildOverlay } from '../build-overlay.ts';
import { type Plane, describeOnPlane, startPlane } from './support/start.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

/** The one name that the provisioner may write, and one that it may not. */
const GRANTED = 'feature-broadcaster-secret';
const OTHER = 'broadcaster-secret';
const VALUE = Buffer.from('hush').toString('base64');

function secret(namespace: string, name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data: { WEBHOOK_URL: VALUE } };
}

const JSON_PATCH = 'application/json-patch+json';
const path = (name: string, query = '') => `${pathOf(secret('project', name))}?${query}`;
const empty = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'project' } });
const copyTo = (field: string) => [{ op: 'copy', from: '/data/WEBHOOK_URL', path: field }];

/** Ways to have a Secret answered, or quoted, by whoever may patch it. */
const waysIn = (name: string): Case[] => [
  ['an empty apply', { method: 'PATCH', path: path(name, APPLY), body: empty(name) }],
  ['an empty apply by dry run', { method: 'PATCH', path: path(name, `${APPLY}&dryRun=All`), body: empty(name) }],
  ['an empty JSON patch', { method: 'PATCH', path: path(name), body: [], type: JSON_PATCH }],
  ['an empty merge patch', { method: 'PATCH', path: path(name), body: {}, type: 'application/merge-patch+json' }],
];

const COPIES: Case[] = ['/type', '/metadata/name', '/metadata/uid'].map((field) => [
  `a JSON patch that copies its value to ${field}`,
  { method: 'PATCH', path: path(OTHER), body: copyTo(field), type: JSON_PATCH },
]);

describeOnPlane('a Secret outside the branches', () => {
  let plane: Plane;
  let guards: KubeObject[];

  beforeAll(async () => {
    plane = await startPlane();
    await makeNamespaces(plane);
    guards = await applyGuards(plane);
    for (const name of [GRANTED, OTHER]) await plane.apply(secret('project', name));
  }, 120_000);

  afterAll(() => plane.stop());

  it.each([...waysIn(OTHER), ...COPIES])('gives nothing away to the provisioner by %s', async (_what, call) => {
    const { status, text } = await plane.send({ as: 'provisioner', ...call });

    expect(status).toBe(403);
    expect(text).not.toContain(VALUE);
  });

  it.each(waysIn(GRANTED))('of a name that the role grants gives nothing away either by %s', async (_what, call) => {
    const { status, text } = await plane.send({ as: 'provisioner', ...call });

    expect(status).toBe(403);
    expect(text).not.toContain(VALUE);
  });

  it('would be answered whole to an empty patch, were it not for the policies', async () => {
    const binding = guardNamed(guards, 'ValidatingAdmissionPolicyBinding', 'feature-branch-provisioner-objects');
    const call = { as: 'provisioner', method: 'PATCH', path: path(GRANTED), body: [], type: JSON_PATCH } as const;

    await plane.ok({ as: 'admin', method: 'DELETE', path: pathOf(binding) });
    await eventually('the Secret is answered', async () => (await plane.send(call)).text.includes(VALUE));
    await plane.apply(binding);

    await eventually('it is refused again', async () => (await plane.send(call)).status === 403);
  });

  // This is why the role names its Secrets. Should this fail one day, the API server has fixed it.
  it('of a name that the role grants is quoted by validation, which comes before the policies', async () => {
    const call = { method: 'PATCH', path: path(GRANTED), body: copyTo('/type'), type: JSON_PATCH } as const;

    const { status, text } = await plane.send({ as: 'provisioner', ...call });

    expect([status, text.includes(VALUE)]).toEqual([422, true]);
  });

  it('never has a name that the role grants, in the environments shipped here', async () => {
    const rules = guardNamed(guards, 'ClusterRole', 'feature-branch-provisioner-shipped')['rules'] as Rule[];
    const granted = rules.filter(({ resources }) => resources.includes('secrets')).map((rule) => rule.resourceNames);
    const others = await Promise.all((['development', 'staging', 'production'] as const).map(buildOverlay));

    expect(granted).toEqual([[GRANTED]]);
    expect(new Set(others.flat().flatMap(secretNames))).toEqual(
      new Set(['broadcaster-secret', 'postgres-secret', 'postgres-secret-staging', 'postgres-secret-prod']),
    );
  });
});

function secretNames({ kind, metadata, spec }: KubeObject): string[] {
  if (kind === 'Secret') return [metadata.name];
  if (kind !== 'SecretProviderClass') return [];
  return (spec as { secretObjects: { secretName: string }[] }).secretObjects.map(({ secretName }) => secretName);
}

interface Rule {
  resources: string[];
  resourceNames?: string[];
}
