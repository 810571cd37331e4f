import { writeSync } from 'node:fs';

/*
 * Jest ends a worker that is still there some seconds after its last test (jest.config.js), and does not say why. The event
 * loop of a worker with nothing open is over by then, so it never gets here: what is written names what keeps it alive.
 */
if (process.send !== undefined && process.env.JEST_WORKER_ID !== undefined) {
  process.once('SIGTERM', () => {
    writeSync(2, `Left open by a test: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(143);
  });
}
