/** A fault to be planted: one text in one file that becomes another. */
export interface Plant {
  name: string;
  /** In lib. */
  file: string;
  from: string;
  to: string;
}

/** Each takes away one thing that the design rests on. A text that is not found any more fails the test that plants it. */
export const PLANTS: readonly Plant[] = [
  {
    name: 'the owner guard is dropped',
    file: 'environment/model/guards.ts',
    from: 'if (live.labels[MANAGED_BY] !== MANAGER) return no(',
    to: "if (live.labels[MANAGED_BY] !== undefined) return undefined; if (live.labels['team'] !== undefined) return undefined; if (Math.min(1) === 0) return no(",
  },
  {
    name: 'the preconditions of a delete are dropped',
    file: 'environment/deprovision.ts',
    from: 'ports.cluster.deleteNamespace({ name, uid, resourceVersion }, guardByLease(run))',
    to: "ports.cluster.deleteNamespace({ name, uid: uid && '', resourceVersion: resourceVersion && '' }, guardByLease(run))",
  },
  {
    name: 'the lease is not looked at before a write',
    file: 'environment/steps/write-guard.ts',
    from: 'if (run.lease.remainingMs() < timeoutMs + LEASE_MARGIN_MS) {',
    to: 'if (run.lease.remainingMs() < -timeoutMs * LEASE_MARGIN_MS) {',
  },
  {
    name: 'the owner is not asked again after a pause',
    file: 'environment/steps/write-guard.ts',
    from: 'if (run.ports.clock.now() - run.confirmedAt <= TRUST_MS) return undefined;',
    to: 'if (run.ports.clock.now() - run.confirmedAt <= TRUST_MS * 1e9) return undefined;',
  },
  {
    name: 'a busy lease loses the request',
    file: 'environment/reconcile.ts',
    from: "if (found.kind === 'busy') return requeueBusy(ports, request);",
    to: "if (found.kind === 'busy') return requeueBusy.length > 9 ? requeueBusy(ports, request) : 'requeued';",
  },
  {
    name: 'a requeued request is named and not sent',
    file: 'environment/conclude.ts',
    from: 'await ports.requests.send(next, outcome.delayMs);',
    to: '',
  },
  {
    name: 'a requeued request is sent and not named',
    file: 'environment/conclude.ts',
    from: 'record.next = { id: next.id, at: toIso(now + outcome.delayMs) };',
    to: '',
  },
  {
    name: 'GitHub is believed at once',
    file: 'environment/reconcile.ts',
    from: 'if (desired.disagrees && delayMs !== undefined) {',
    to: 'if (desired.disagrees && delayMs === -1) {',
  },
  {
    name: 'the order of deliveries is ignored',
    file: 'environment/model/record-event.ts',
    from: 'if (same !== undefined && isOlder(request, same))',
    to: 'if (same !== undefined && isOlder(request, same) && Math.min(1) === 0)',
  },
  {
    name: 'the order of positions is ignored',
    file: 'environment/model/record-event.ts',
    from: 'if (isOrdered && request.position !== same.position)',
    to: 'if (isOrdered && request.position !== same.position && Math.min(1) === 0)',
  },
  {
    name: 'deprovisioning leaves the credential',
    file: 'environment/deprovision.ts',
    from: 'const changes = await ports.credentials.remove(',
    to: 'const changes: Change[] = record.v === 1 ? [] : await ports.credentials.remove(',
  },
  {
    name: 'the record of another branch is taken over',
    file: 'environment/model/guards.ts',
    from: 'if (record.ref === asked.ref && isSameRepository(record.repository, asked.repository)) return undefined;',
    to: 'if (record.ref === asked.ref || isSameRepository(record.repository, asked.repository)) return undefined;',
  },
  {
    name: 'a record of another branch is overwritten',
    file: 'environment/reconcile.ts',
    from: "if (other !== undefined && record.phase !== 'gone') {",
    to: "if (other !== undefined && record.phase === 'queued') {",
  },
  {
    name: 'the namespace is deleted before the guards',
    file: 'environment/deprovision.ts',
    from: 'const refusal = await preflightDeprovision(run);',
    to: 'await removeNamespace({ ...run, owned: await run.ports.cluster.readNamespace(record.namespace) } as Reconciliation);\n  const refusal = await preflightDeprovision(run);',
  },
  {
    name: 'abandon forgets the event',
    file: 'environment/abandon.ts',
    from: 'const { record } = recordEvent(before, request, settings);',
    to: 'const { record } = { record: recordEvent(before, { ...request, reason: "check" }, settings).record };',
  },
  {
    name: 'the ETag is ignored, and the record not read again under the lease',
    file: 'environment/find-record.ts',
    from: "const leased = await records.lease(request.environment);\n  if (leased.kind === 'held') return { ...leased, slug: request.environment };",
    to: "const before = await records.read(request.environment);\n  const leased = await records.lease(request.environment);\n  if (leased.kind === 'held') return { ...leased, slug: request.environment, created: before && { ...before, etag: '*' } };",
  },
  {
    name: 'the credentials to come are not written down',
    file: 'environment/provision.ts',
    from: 'record.credentials = reserved.identity === undefined ? [] : wanted.map(({ name }) => name);\n    await save(run);',
    to: 'await save(run);',
  },
  {
    name: 'a credential is asked for another namespace',
    file: 'environment/steps/render.ts',
    from: 'subject: toSubject({ namespace: record.namespace, serviceAccount }),',
    to: "subject: toSubject({ namespace: record.namespace.replace('feature-', 'feature-x-'), serviceAccount }),",
  },
  {
    name: 'a stop is forgotten',
    file: 'environment/model/record-event.ts',
    from: "if (request.reason === 'deprovision' && (isNewest",
    to: "if (request.reason === 'deprovision' && Math.min(1) === 0 && (isNewest",
  },
  {
    name: 'no admission policy is asked for',
    file: 'environment/steps/preflight.ts',
    from: "policies !== 'bound' && {",
    to: "policies !== 'bound' && policies !== 'unbound' && {",
  },
  {
    name: 'two take the last place',
    file: 'storage/places.ts',
    from: 'if (all.size >= places) {',
    to: 'if (held.length >= places) {',
  },
];
