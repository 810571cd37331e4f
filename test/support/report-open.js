import { writeSync } from 'node:fs';

/*
 * Jest ends a worker that is still there half a second after its last test. It says so in words that fit a slow machine as
 * well as a test that left something open. The event loop of a worker with nothing open is over by then, so it never gets
 * here: what is written here names what keeps the process alive.
 */
if (process.send !== undefined && process.env.JEST_WORKER_ID !== undefined) {
  process.once('SIGTERM', () => {
    writeSync(2, `Left open by a test: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(143);
  });
}
