/** A fault to be planted in the core: one text in one file that becomes another. */
export interface Plant {
  name: string;
  /** In lib/environment. */
  file: string;
  from: string;
  to: string;
}

/** Each takes away one thing that the design rests on. A text that is not found any more fails the test that plants it. */
export const PLANTS: readonly Plant[] = [
  {
    name: 'the owner guard is dropped',
    file: 'model/guards.ts',
    from: 'if (live.labels[MANAGED_BY] !== MANAGER) return no(',
    to: "if (live.labels[MANAGED_BY] !== undefined) return undefined; if (live.labels['team'] !== undefined) return undefined; if (Math.min(1) === 0) return no(",
  },
  {
    name: 'the preconditions of a delete are dropped',
    file: 'deprovision.ts',
    from: 'peers.cluster.deleteNamespace({ name, uid, resourceVersion }, admitByLease(session))',
    to: "peers.cluster.deleteNamespace({ name, uid: uid && '', resourceVersion: resourceVersion && '' }, admitByLease(session))",
  },
  {
    name: 'the lease is not looked at before a write',
    file: 'steps/write-guard.ts',
    from: 'if (session.lease.remainingMs() < timeoutMs + LEASE_MARGIN_MS) {',
    to: 'if (session.lease.remainingMs() < -timeoutMs * LEASE_MARGIN_MS) {',
  },
  {
    name: 'the owner is not asked again after a pause',
    file: 'steps/write-guard.ts',
    from: 'if (session.peers.clock.now() - session.confirmedAt <= TRUST_MS) return undefined;',
    to: 'if (session.peers.clock.now() - session.confirmedAt <= TRUST_MS * 1e9) return undefined;',
  },
  {
    name: 'a busy lease loses the request',
    file: 'reconcile.ts',
    from: "if (lease === 'busy') return putBackBusy(peers, request);",
    to: "if (lease === 'busy') return putBackBusy.length > 9 ? putBackBusy(peers, request) : 'put-back';",
  },
  {
    name: 'a put-back is named and not sent',
    file: 'reconcile.ts',
    from: 'await peers.requests.send(next, outcome.delayMs);',
    to: '',
  },
  {
    name: 'a put-back is sent and not named',
    file: 'reconcile.ts',
    from: 'record.next = { id: next.id, at: toIso(now + outcome.delayMs) };',
    to: '',
  },
  {
    name: 'GitHub is believed at once',
    file: 'reconcile.ts',
    from: 'if (desired.disagrees && delayMs !== undefined) {',
    to: 'if (desired.disagrees && delayMs === -1) {',
  },
  {
    name: 'the order of deliveries is ignored',
    file: 'model/record-event.ts',
    from: 'if (same !== undefined && isOlder(request, same))',
    to: 'if (same !== undefined && isOlder(request, same) && Math.min(1) === 0)',
  },
  {
    name: 'the order of positions is ignored',
    file: 'model/record-event.ts',
    from: 'if (isOrdered && request.position !== same.position)',
    to: 'if (isOrdered && request.position !== same.position && Math.min(1) === 0)',
  },
  {
    name: 'deprovisioning leaves the credential',
    file: 'deprovision.ts',
    from: 'const changes = await peers.access.revoke(',
    to: 'const changes: Change[] = record.v === 1 ? [] : await peers.access.revoke(',
  },
  {
    name: 'the record of another branch is taken over',
    file: 'model/guards.ts',
    from: 'if (record.ref === asked.ref && isSameRepository(record.repository, asked.repository)) return undefined;',
    to: 'if (record.ref === asked.ref || isSameRepository(record.repository, asked.repository)) return undefined;',
  },
  {
    name: 'a record of another branch is overwritten',
    file: 'reconcile.ts',
    from: "if (other !== undefined && record.phase !== 'gone') {",
    to: "if (other !== undefined && record.phase === 'queued') {",
  },
  {
    name: 'the namespace is deleted before the guards',
    file: 'deprovision.ts',
    from: 'const { namespace, name: slug, ref } = record;\n  const misnamed =',
    to: 'const { namespace, name: slug, ref } = record;\n  await removeNamespace({ ...session, owned: await peers.cluster.readNamespace(namespace) } as Session);\n  const misnamed =',
  },
  {
    name: 'abandon forgets the event',
    file: 'abandon.ts',
    from: 'const { record } = observe(before, request);',
    to: 'const { record } = { record: observe(before, { ...request, reason: "check" }).record };',
  },
  {
    name: 'the ETag is ignored, and the record not read again under the lease',
    file: 'reconcile.ts',
    from: 'const stored = await peers.records.read(slug);\n    if (stored === undefined)',
    to: "const stored = { record: found.record, etag: '*' } as StoredRecord | undefined;\n    if (stored === undefined)",
  },
  {
    name: 'the credentials to come are not written down',
    file: 'provision.ts',
    from: 'record.credentials = reserved.identity === undefined ? [] : wanted.map(({ name }) => name);\n    await save(session);',
    to: 'await save(session);',
  },
  {
    name: 'a credential is asked for another namespace',
    file: 'steps/render.ts',
    from: 'subject: toSubject({ namespace: record.namespace, serviceAccount }),',
    to: "subject: toSubject({ namespace: record.namespace.replace('feature-', 'feature-x-'), serviceAccount }),",
  },
  {
    name: 'a stop is forgotten',
    file: 'model/record-event.ts',
    from: "if (request.reason === 'deprovision' && (isNewest",
    to: "if (request.reason === 'deprovision' && Math.min(1) === 0 && (isNewest",
  },
  {
    name: 'no admission policy is asked for',
    file: 'steps/preflight.ts',
    from: "policies === 'unbound' && {",
    to: 'policies === undefined && {',
  },
];
