import { renderEnvironment, toCredentialRequest, toWantedCredentials } from '../environment/steps/render.ts';
import { loadTemplate } from '../environment/steps/template.ts';
import type { CredentialFacts, Reserved, WantedCredential } from '../environment/ports/credentials.ts';
import type { Ports } from '../environment/ports/ports.ts';
import { toPropagation } from '../environment/model/reporting/known-causes.ts';
import type { EnvironmentRecord, Phase } from '../environment/model/record.ts';
import { toLogFields, toProvisionerError } from '../errors.ts';
import { type Chain, judgeChain } from './chain/chain.ts';
import type { ChainFacts } from './facts.ts';
import { CHAIN_KINDS, type Reading, WORKLOAD_KINDS } from './live-objects.ts';
import type { Inspected, KubeObject } from '../environment/ports/cluster.ts';

export interface Diagnosis extends Chain {
  environment: string;
  namespace: string;
  phase: Phase;
  /** When it was looked at. */
  at: string;
  /** A credential written so short ago that Entra ID may not know it; broken is only said after `until`. */
  propagating?: { since: string; until: string };
}

/** Walks an environment's authentication chain. Reads only; a peer out of reach leaves its links unknown. */
export async function diagnose(ports: Ports, record: EnvironmentRecord): Promise<Diagnosis> {
  const facts = await gatherFacts(ports, record);
  const { propagating } = facts;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    environment: record.name,
    namespace: record.namespace,
    phase: record.phase,
    at: iso(facts.now),
    ...(propagating && { propagating: { since: iso(propagating.since), until: iso(propagating.until) } }),
    ...judgeChain(facts),
  };
}

async function gatherFacts(given: Ports, record: EnvironmentRecord): Promise<ChainFacts> {
  const template = await loadTemplate(given, record);
  const ports = template.kind === 'template' ? { ...given, overlays: template.overlays } : given;
  const { settings, clock } = ports;
  const draft = renderAs(ports, record);
  const wanted = draft.kind === 'unread' ? [] : toWantedCredentials(draft.value, { record, settings });
  const [access, live] = await Promise.all([
    asked(ports, record, () => ports.credentials.inspect(toCredentialRequest({ record, settings }, wanted))),
    inspectCluster(ports, record, draft),
  ]);
  const reserved = access.kind === 'unread' ? undefined : toReserved(access.value, wanted);
  const now = clock.now();
  const propagating = toPropagation(record, { now, readyDeadlineMs: settings.readyDeadlineMs });
  return {
    namespace: record.namespace,
    now,
    ...(record.waitingOn !== undefined && { waitingOn: record.waitingOn }),
    ...(propagating && { propagating }),
    rendered: reserved === undefined ? draft : renderAs(ports, record, reserved),
    wanted,
    access,
    live,
  };
}

async function inspectCluster(
  ports: Ports,
  record: EnvironmentRecord,
  draft: Reading<KubeObject[]>,
): Promise<Inspected[]> {
  const rendered = draft.kind === 'unread' ? [] : draft.value;
  const workloads = rendered.filter(({ kind }) => WORKLOAD_KINDS.includes(kind));
  const kinds = [
    ...new Map(workloads.map(({ apiVersion, kind }) => [kind, { apiVersion, kind }])).values(),
    ...CHAIN_KINDS,
  ];
  const live = await asked(ports, record, () => ports.cluster.inspect(kinds, { namespace: record.namespace }));
  return live.kind === 'unread' ? kinds.map((type) => ({ ...type, why: live.why })) : live.value;
}

function renderAs(ports: Ports, record: EnvironmentRecord, reserved?: Reserved): Reading<KubeObject[]> {
  try {
    const { settings, overlays } = ports;
    const given = { record, settings, ...(reserved !== undefined && { reserved }) };
    return { kind: 'read', value: renderEnvironment(overlays, given) };
  } catch (thrown) {
    return { kind: 'unread', why: toProvisionerError(thrown).message };
  }
}

/** The identity that the placeholders stand for. */
function toReserved(
  { identities, placed }: CredentialFacts,
  wanted: readonly WantedCredential[],
): Reserved | undefined {
  const floating = wanted.find(({ clientId }) => clientId === undefined);
  const id = placed.find(({ serviceAccount }) => serviceAccount === floating?.serviceAccount)?.identity;
  const ids = identities.find(({ identity }) => identity === id)?.ids;
  return ids === undefined ? undefined : { ...ids, warnings: [] };
}

/** What a peer answers, or why it does not. */
async function asked<T>(ports: Ports, record: EnvironmentRecord, ask: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { kind: 'read', value: await ask() };
  } catch (thrown) {
    const fields = toLogFields(thrown);
    ports.log.warn('not diagnosed', { environment: record.name, ...fields });
    return { kind: 'unread', why: fields.message };
  }
}
