import { findAppFile } from '../app-files.ts';
import { clock } from '../clock.ts';
import { once, readOnce } from '../concurrency.ts';
import { readIdentitySettings, readPageSettings } from '../config.ts';
import { blobs } from './storage.ts';
import { cluster, records } from '../deps.ts';
import type { Log } from '../environment/ports/ports.ts';
import type { IdentitySlots } from '../identity/slots.ts';
import type { LogsDeps } from '../page/answer-logs.ts';
import { readPage } from '../page/files.ts';

export const pageSettings = readOnce(() => readPageSettings(process.env));

/** The files of the status page, read at the first request for one. */
export const pageFiles = readOnce(() => readPage(findAppFile('dist/page/index.html', 'page/index.html')));

export function logsDeps(log: Log): LogsDeps {
  return { isOn: () => pageSettings().logs, records, cluster, now: () => clock.now(), log };
}

const ledgers = once(async () => {
  const { createIdentityLocks } = await import('../identity/writer/identity-lock.ts');
  const container = once(async () => (await blobs()).getContainerClient('identities'));
  return createIdentityLocks({ container, clock, random: Math.random });
});

/** Each identity of the pool with its slots, by one small blob each. */
export async function identitySlots(): Promise<IdentitySlots[]> {
  const { pool } = readIdentitySettings(process.env);
  const [{ read }, { toIdentitySlots }] = await Promise.all([ledgers(), import('../identity/slots.ts')]);
  return Promise.all(pool.map(async (id) => toIdentitySlots(id, await read(id))));
}
