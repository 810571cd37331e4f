import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import type { Audited, AuditedPlane } from '../../e2e/converge/plane.ts';
import { startAuditedPlane } from '../../e2e/converge/plane.ts';
import { type RealWorld, createRealWorld } from '../../e2e/converge/world.ts';
import { PRINCIPALS, guardNamed } from './support/guards.ts';
import { buildGuards } from '../../../local/kustomize/build-guards.ts';
import { startKubelet } from '../../../local/control-plane/kubelet.ts';
import { diagnose } from '../../../lib/diagnosis/diagnose.ts';
import { eventually } from '../../contract/target.ts';
import { renderBranch } from './support/render-branch.ts';
import { describeOnPlane } from './support/start.ts';

interface Rule {
  resources: string[];
  verbs: string[];
}

const PRUNE = 'feature-branch-provisioner/prune';
const SLUG = 'recorded';
const NAMESPACE = `feature-${SLUG}`;
const NEVER = () => undefined;

/** Granted for what this life does not come to: a StatefulSet that waits for its never-ready pod (POD_REPAIR). */
const NOT_MET = { provisioner: ['pods delete'], deprovisioner: [] };

/** What the app asks for to be refused: a denial by the policies proves them. */
const ASKED = /feature-branch-provisioner-probe|kube-node-lease|namespaces\?dryRun=All/;

describeOnPlane('the calls that the app’s own client makes in a life, as the API server wrote them down', () => {
  let stage: AuditedPlane;
  let world: RealWorld;
  let calls: Audited[];

  beforeAll(async () => {
    stage = await startAuditedPlane();
    const endKubelet = startKubelet(stage.admin);
    world = createRealWorld(stage.plane);
    // a claim goes only where the overlay says so
    let objects = (await renderBranch(SLUG)).map((object) =>
      object.kind === 'PersistentVolumeClaim'
        ? { ...object, metadata: { ...object.metadata, annotations: { [PRUNE]: 'enabled' } } }
        : object,
    );
    world.ports.overlays = { from: 'app', hash: 'recorded', render: () => structuredClone<KubeObject[]>(objects) };
    const { cluster } = world.ports;
    await world.handle(SLUG, 'create');
    await world.handle(SLUG, 'provision', { imageTag: 'v2' });
    const known = world.record(SLUG)?.inventory ?? [];
    expect(known.length).toBeGreaterThan(15);
    await cluster.plan(objects, { namespace: NAMESPACE });
    await cluster.drift(objects, { namespace: NAMESPACE, known });
    await eventually(async () => {
      const { health } = await cluster.readiness(known, { namespace: NAMESPACE, hasFallen: false });
      expect(health).toBe('ready');
    });
    const record = world.record(SLUG);
    if (record !== undefined) await diagnose(world.ports, record);
    await cluster.survey();
    await cluster.inspect(known, { namespace: NAMESPACE });
    await cluster.contents(NAMESPACE);
    await cluster.listNamespaces({ 'app.kubernetes.io/managed-by': 'feature-branch-provisioner' });
    await cluster.policies();
    const labels = { 'feature-branch-provisioner/slug': SLUG };
    await cluster.removeEnded(known, { namespace: NAMESPACE, labels, writeGuard: NEVER });
    await cluster.prune(known, { namespace: NAMESPACE, labels, writeGuard: NEVER });
    objects = [];
    await world.handle(SLUG, 'deprovision');
    calls = await stage.audit();
    await endKubelet();
  }, 180_000);

  afterAll(async () => {
    await world?.close();
    await stage?.stop();
  });

  const by = (who: string) => calls.filter(({ user, requestURI }) => user.username === who && !isQuestion(requestURI));
  const rightOf = ({ objectRef, verb }: Audited) => `${objectRef?.resource} ${verb}`;

  it.each([
    ['provisioner', 'feature-branch-provisioner-shipped'],
    ['deprovisioner', 'namespace-manager'],
  ] as const)('need of the %s each right that its role grants, and no other', async (who, role) => {
    const rules = guardNamed(await buildGuards(PRINCIPALS), 'ClusterRole', role)['rules'] as Rule[];
    const granted = new Set(
      rules.flatMap(({ resources, verbs }) => resources.flatMap((one) => verbs.map((verb) => `${one} ${verb}`))),
    );
    const used = new Set(by(who).filter(isGranted).map(rightOf));
    expect(used.size).toBeGreaterThan(2);
    const patched = [...used]
      .filter((right) => right.endsWith(' patch'))
      .map((right) => right.replace(' patch', ' create'));
    // server-side apply of what is not there yet is a patch that needs the right to create, and is audited as a patch
    for (const right of patched) used.add(right);
    expect([...granted].filter((right) => !used.has(right)).sort()).toEqual([...NOT_MET[who]].sort());
    expect([...used].filter((right) => !granted.has(right) && !isNothing(right)).sort()).toEqual([]);
  });

  it('are refused by no one but the policies, whose refusals the app asks for', () => {
    const refused = calls.filter(
      ({ responseStatus, requestURI }) => responseStatus?.code === 403 && !isQuestion(requestURI),
    );
    // a list of a kind that a team's own role may grant: it is asked for, and done without
    expect(refused.length).toBeGreaterThan(3);
    expect(
      refused
        .filter(({ requestURI, verb }) => verb !== 'list' && !ASKED.test(requestURI))
        .map(({ requestURI }) => requestURI),
    ).toEqual([]);
  });
});

/** Past the roles: answered, or refused by the policies, which come after them. */
function isGranted({ responseStatus, requestURI }: Audited): boolean {
  return responseStatus?.code !== 403 || ASKED.test(requestURI);
}

/** Discovery and reviews of one's own rights are everybody's. */
function isQuestion(uri: string): boolean {
  return (
    uri.includes('selfsubjectaccessreviews') || /^\/(api(\/v1)?|apis(\/[\w.-]+){0,2})$/.test(uri.split('?')[0] ?? '')
  );
}

/** An apply that creates is a patch of what is not there: the right to create is part of it. */
function isNothing(right: string): boolean {
  return right.endsWith(' create');
}
