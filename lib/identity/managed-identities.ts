import type { FederatedIdentityCredential, ManagedServiceIdentityClient } from '@azure/arm-msi';
import {
  type ArmAccess,
  armClientOptions,
  armCredential,
  checkAnswer,
  parseIdentityId,
  withoutToken,
} from '../azure/arm-client.ts';
import type { HeldCredential, IdentityIds, OwnCredential } from './ownership.ts';
import { MAX_CREDENTIALS } from './ledger/ledger.ts';

/** Throws where a write may not be sent now; a promise means: wait for it, then ask again. */
export type Gate = () => Promise<void> | undefined;

/** The calls to ARM, each tried once; a failure is the SDK's own, for `readArmFault`. */
export interface ArmIdentities {
  describe(identityId: string): Promise<IdentityIds>;
  list(identityId: string): Promise<HeldCredential[]>;
  get(identityId: string, name: string): Promise<HeldCredential>;
  put(identityId: string, credential: OwnCredential, gate: Gate): Promise<void>;
  remove(identityId: string, name: string, gate: Gate): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** Federated credentials over the SDK, which is loaded by the first call; `timeoutMs` bounds each one. */
export function createArmIdentities({
  arm,
  timeoutMs = TIMEOUT_MS,
}: {
  arm: ArmAccess;
  timeoutMs?: number;
}): ArmIdentities {
  const clients = new Map<string, Promise<ManagedServiceIdentityClient>>();
  const gates = new WeakMap<object, { gate: Gate; start: () => void }>();

  async function makeClient(subscription: string): Promise<ManagedServiceIdentityClient> {
    const { ManagedServiceIdentityClient: Client } = await import('../sdk/arm-msi.ts');
    const client = withoutToken(new Client(armCredential(arm), subscription, armClientOptions(arm)), arm);
    const policy = {
      name: 'writeGuard',
      async sendRequest<Request extends { abortSignal?: object }, Response extends Parameters<typeof checkAnswer>[0]>(
        request: Request,
        next: (request: Request) => Promise<Response>,
      ): Promise<Response> {
        const held = request.abortSignal && gates.get(request.abortSignal);
        // the token was fetched before this policy, so nothing comes between the last answer and the send
        for (let wait = held?.gate(); wait !== undefined; wait = held?.gate()) await wait;
        held?.start();
        const answer = await next(request);
        checkAnswer(answer);
        return answer;
      },
    };
    client.pipeline.addPolicy(policy, { afterPhase: 'Sign' });
    return client;
  }

  async function open(identityId: string) {
    const { subscription, resourceGroup: group, name: identity } = parseIdentityId(identityId);
    const made = clients.get(subscription) ?? makeClient(subscription);
    clients.set(subscription, made);
    const client = await made;
    return { client, credentials: client.federatedIdentityCredentials, group, identity };
  }

  /** A write's time begins when it is sent, a read's at once. */
  async function timed<T>(gate: Gate | undefined, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    let timer = setTimeout(() => controller.abort(), timeoutMs);
    const start = () => {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), timeoutMs);
    };
    if (gate !== undefined) gates.set(controller.signal, { gate, start });
    try {
      return await call(controller.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async describe(identityId) {
      const { client, group, identity } = await open(identityId);
      const { clientId = '', tenantId = '' } = await timed(undefined, (abortSignal) =>
        client.userAssignedIdentities.get(group, identity, { abortSignal }),
      );
      return { clientId, tenantId };
    },
    async list(identityId) {
      const { credentials, group, identity } = await open(identityId);
      return timed(undefined, async (abortSignal) => {
        const all: HeldCredential[] = [];
        // one page for all of them: each page counts against Azure's rate of one list in 4 s
        for await (const one of credentials.list(group, identity, { top: MAX_CREDENTIALS, abortSignal }))
          all.push(toHeld(one));
        return all;
      });
    },
    async get(identityId, name) {
      const { credentials, group, identity } = await open(identityId);
      return toHeld(await timed(undefined, (abortSignal) => credentials.get(group, identity, name, { abortSignal })));
    },
    async put(identityId, { name, issuer, subject, audience }, gate) {
      const { credentials, group, identity } = await open(identityId);
      const properties = { issuer, subject, audiences: [audience] };
      await timed(gate, (abortSignal) =>
        credentials.createOrUpdate(group, identity, name, properties, { abortSignal }),
      );
    },
    async remove(identityId, name, gate) {
      const { credentials, group, identity } = await open(identityId);
      await timed(gate, (abortSignal) => credentials.delete(group, identity, name, { abortSignal }));
    },
  };
}

function toHeld({ name = '', issuer = '', subject = '', audiences = [] }: FederatedIdentityCredential): HeldCredential {
  return { name, issuer, subject, audiences };
}
