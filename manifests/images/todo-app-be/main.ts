import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Pool } from 'pg';
import { json, log, metrics, serve, setting, type Route, type Routes } from '../serve.ts';

/* The back end: keeps todos in PostgreSQL, and tells of each on NATS. */

const subject = setting('NATS_SUBJECT');
const pool = new Pool({
  host: setting('POSTGRES_HOST'),
  port: Number(setting('POSTGRES_PORT')),
  database: setting('POSTGRES_DB'),
  user: setting('POSTGRES_USER'),
  password: setting('POSTGRES_PASSWORD'),
  // Azure Database refuses connections in clear; the one inside the namespace has no certificate
  ssl: setting('POSTGRES_HOST').endsWith('.postgres.database.azure.com'),
  max: 4,
  connectionTimeoutMillis: 3_000,
});
pool.on('error', (error) => log('error', 'a connection to the database ended', { error: error.message }));
let table: Promise<unknown> | undefined;
/** Set once NATS is reached: it serves before that. */
const bus: { nats?: NatsConnection } = {};
const counts = { todo_backend_todos_created_total: 0, todo_backend_events_published_total: 0 };

/** Makes the table at the first use that succeeds. */
async function database(): Promise<Pool> {
  table ??= pool.query('CREATE TABLE IF NOT EXISTS todos (id serial PRIMARY KEY, text text NOT NULL)');
  await table.catch((error: unknown) => {
    table = undefined;
    throw error;
  });
  return pool;
}

const health: Route = async () => {
  try {
    await (await database()).query('SELECT 1');
    return json({ status: 'ok', nats: bus.nats?.isClosed() === false });
  } catch (error) {
    log('info', 'the database does not answer', { error: (error as Error).message });
    return json({ status: 'the database does not answer' }, 503);
  }
};

const list: Route = async () => {
  const { rows } = await (
    await database()
  ).query<{ id: number; text: string }>('SELECT id, text FROM todos ORDER BY id');
  return json(rows);
};

const create: Route = async (_request, body) => {
  const text = textOf(body);
  if (text === undefined) return json({ error: 'a todo is {"text": "1 to 140 characters"}' }, 400);
  const { rows } = await (
    await database()
  ).query<{ id: number; text: string }>('INSERT INTO todos (text) VALUES ($1) RETURNING id, text', [text]);
  counts.todo_backend_todos_created_total += 1;
  publish({ event: 'created', todo: rows[0] });
  return json(rows[0], 201);
};

function textOf(body: string): string | undefined {
  try {
    const { text } = JSON.parse(body) as { text?: unknown };
    return typeof text === 'string' && text.length > 0 && text.length <= 140 ? text : undefined;
  } catch {
    return undefined;
  }
}

/** A todo is kept whether or not anybody hears of it. */
function publish(event: unknown): void {
  try {
    if (bus.nats === undefined) throw new Error('not connected');
    bus.nats.publish(subject, JSON.stringify(event));
    counts.todo_backend_events_published_total += 1;
  } catch (error) {
    log('error', 'an event was not published', { error: (error as Error).message });
  }
}

const base = setting('API_BASE_PATH', '');
const paths: Routes = { 'GET /be/health': health, 'GET /be/todos': list, 'POST /be/todos': create };
const below = Object.entries(paths).map(([name, route]) => [name.replace(' ', ` ${base}`), route] as const);
serve(Number(setting('PORT')), {
  ...paths,
  ...Object.fromEntries(below),
  'GET /metrics': () => metrics({ ...counts, todo_backend_nats_connected: bus.nats === undefined ? 0 : 1 }),
});
bus.nats = await connect({ servers: setting('NATS_URL'), waitOnFirstConnect: true, maxReconnectAttempts: -1 });
log('info', 'connected to NATS');
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void Promise.allSettled([bus.nats?.drain(), pool.end()]));
