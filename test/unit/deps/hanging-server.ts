import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Takes every call and answers none. */
export async function startHanging(): Promise<{ url: string; close(): void }> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Far below any adapter's own limit of a call, and far above the one that the tests give. */
const SOON_MS = 4_000;

/** How work ended, or `late`. */
export async function soon(work: Promise<unknown>): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => resolve('late'), SOON_MS);
  const ended = work.catch((thrown: unknown) => (thrown as { code?: string }).code ?? thrown);
  return Promise.race([ended, promise]).finally(() => clearTimeout(timer));
}
