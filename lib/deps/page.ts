import { findAppFile } from '../app-files.ts';
import { readOnce } from '../concurrency.ts';
import { type PageSettings } from '../config.ts';
import type { Log } from '../environment/ports/ports.ts';
import type { LogsDeps } from '../page/answer-logs.ts';
import { type PageFile, readPage } from '../page/files.ts';
import { type IdentitySlots, toIdentitySlots } from '../page/identity-slots.ts';
import type { AzureDeps } from './azure.ts';
import type { ClusterDeps } from './cluster.ts';
import type { Machine } from './machine.ts';
import type { StorageDeps } from './storage.ts';

export interface PageDeps {
  pageSettings(): PageSettings;
  /** The files of the status page, read at the first request for one. */
  pageFiles(): Map<string, PageFile>;
  logsDeps(log: Log): LogsDeps;
  /** Each identity of the pool with its slots, by one small blob each. */
  identitySlots(): Promise<IdentitySlots[]>;
}

export function createPageDeps(
  { settings, clock }: Machine,
  parts: Pick<StorageDeps, 'records'> & Pick<ClusterDeps, 'cluster'> & Pick<AzureDeps, 'identityLocks'>,
): PageDeps {
  const { records, cluster, identityLocks } = parts;
  const pageSettings = settings.page;
  return {
    pageSettings,
    pageFiles: readOnce(() => readPage(findAppFile('dist/page/index.html', 'page/index.html'))),
    logsDeps: (log) => ({ isOn: () => pageSettings().logs, records, cluster, now: () => clock.now(), log }),
    async identitySlots() {
      const { pool } = settings.identities();
      const [{ read }, { MAX_CREDENTIALS }] = await Promise.all([
        identityLocks(),
        import('../identity/ledger/ledger.ts'),
      ]);
      return Promise.all(pool.map(async (id) => toIdentitySlots(id, await read(id), MAX_CREDENTIALS)));
    },
  };
}
