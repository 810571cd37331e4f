import { log, setting } from '../serve.ts';

/* The cron job: makes a todo to read an article that Wikipedia picks. */

const picked = await fetch(setting('WIKIPEDIA_RANDOM_URL'), { signal: AbortSignal.timeout(30_000) });
await picked.body?.cancel();
const response = await fetch(`${setting('TODO_BACKEND_URL')}/be/todos`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ text: `Read ${picked.url}`.slice(0, 140) }),
  signal: AbortSignal.timeout(30_000),
});
if (!response.ok) throw new Error(`the back end answered ${response.status}`);
log('info', 'made a todo', { article: picked.url });
