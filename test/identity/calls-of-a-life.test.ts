import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Reason } from '../../lib/environment/model/request.ts';
import { createRecords } from '../../lib/storage/records/records.ts';
import { type AzureStandIn, startAzure } from '../../local/azure/start.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import { type World, createWorld } from '../support/fakes/world.ts';
import { identity, identityId, makeAccess, makeContainer, makeLocks } from './world.ts';

/** They choose one identity each. */
const BEFORE = ['before', 'two', 'three', 'four'];
const POOL = ['pool-1', 'pool-2', 'pool-3'];

let azurite: Azurite;
let azure: AzureStandIn;
let world: World;

/** One instance that has made an environment before: its clients are connected, and the pool's lists are known. */
beforeAll(async () => {
  [azurite, azure] = await Promise.all([startAzurite(), startAzure({ identities: POOL.map(identity) })]);
  const [records, identities] = await Promise.all([
    makeContainer(azurite.connectionString, 'environments'),
    makeContainer(azurite.connectionString, 'identities'),
  ]);
  world = createWorld();
  world.ports.records = createRecords({ container: async () => records });
  world.ports.credentials = makeAccess(azure, { locks: makeLocks(identities), pool: POOL.map(identityId) });
  // the lock of an identity is made once for good: each of the pool is written before
  for (const ref of BEFORE) await world.handle(world.request('create', { ref }));
});
afterAll(() => Promise.all([azurite.stop(), azure.close()]));

/** What is sent to storage and ARM while the work runs: method, object, and the headers that make a write conditional. */
async function record(work: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const note = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const { pathname } = new URL(request.path, 'http://local');
    const has = (header: string): boolean => request.getHeader(header) !== undefined;
    const marks = [
      String(request.getHeader('x-ms-lease-action') ?? ''),
      has('if-match') ? 'if-match' : '',
      has('if-none-match') ? 'if-none-match' : '',
      has('x-ms-lease-id') && !has('x-ms-lease-action') ? 'under lease' : '',
    ].filter((mark) => mark !== '');
    lines.push([request.method, toName(pathname), ...(marks.length > 0 ? [`(${marks.join(', ')})`] : [])].join(' '));
  };
  subscribe('http.client.request.start', note);
  try {
    await work();
  } finally {
    unsubscribe('http.client.request.start', note);
  }
  return lines;
}

function toName(pathname: string): string {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1);
  if (pathname.includes('/federatedIdentityCredentials')) return 'credential';
  if (pathname.includes('/environments/')) return name.endsWith('.json') ? 'record' : name;
  if (pathname.includes('/identities/')) return name.endsWith('.json') ? 'ledger' : 'lock';
  return name;
}

const pass = (reason: Reason): Promise<string[]> => record(() => world.handle(world.request(reason, { ref: 'ex' })));

const FIRST = [
  // there is none yet; then the one blob that says whether a renamed repository may have one
  'PUT record (acquire)',
  'GET namings',
  'PUT record (if-none-match)',
  'PUT record (acquire)',
  // the slot is reserved by the ledgers as this process knows them
  'PUT ledger (if-match)',
  'PUT record (if-match, under lease)',
  'PUT lock (acquire)',
  'GET credential',
  'PUT credential',
  'PUT lock (release)',
  'PUT ledger (if-match)',
  'PUT record (if-match, under lease)',
  'PUT record (release)',
];
const REDELIVERY = ['PUT record (acquire)', 'GET record', 'PUT record (if-match, under lease)', 'PUT record (release)'];
const DEPROVISION = [
  'PUT record (acquire)',
  'GET record',
  'PUT record (if-match, under lease)',
  // whether it waits for a slot, and whether another identity holds something of it
  'GET ledger',
  'GET ledger',
  'GET ledger',
  'GET ledger',
  'PUT lock (acquire)',
  'GET credential',
  'DELETE credential',
  'PUT lock (release)',
  'PUT ledger (if-match)',
  'PUT record (if-match, under lease)',
  'PUT record (release)',
];

describe('one life', () => {
  it.each([
    { name: 'a first provision', reason: 'create', calls: FIRST, storage: 11, arm: 2 },
    { name: 'a redelivery', reason: 'create', calls: REDELIVERY, storage: 4, arm: 0 },
    { name: 'a deprovision', reason: 'deprovision', calls: DEPROVISION, storage: 12, arm: 2 },
  ] as const)(
    'costs $storage calls to storage and $arm to ARM for $name, each write under a condition',
    async (row) => {
      const calls = await pass(row.reason);

      expect(calls).toEqual(row.calls);
      const isOfArm = (call: string): boolean => call.endsWith(' credential');
      expect(calls.filter(isOfArm)).toHaveLength(row.arm);
      expect(calls).toHaveLength(row.storage + row.arm);
    },
  );
});
