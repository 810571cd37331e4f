import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { json, metrics, serve, setting, type Route, type Routes } from '../serve.ts';

/* The front end: a page of todos, which it asks of the back end, and a picture that it keeps in /images. */

const backend = setting('TODO_BACKEND_URL');
const base = setting('API_BASE_PATH', '');
const images = setting('IMAGE_DIR', '/images');
let pages = 0;

const page: Route = async () => {
  const response = await fetch(`${backend}/be/todos`, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) return { status: 502, body: 'the back end failed\n' };
  const todos = (await response.json()) as { text: string }[];
  pages += 1;
  const items = todos.map(({ text }) => `<li>${escape(text)}</li>`).join('');
  return {
    type: 'text/html; charset=utf-8',
    body: `<!doctype html><html lang="en"><title>Todos</title><h1>Todos</h1><img src="${base}/image" alt="">
<form method="post" action="${base}/todos"><input name="text" maxlength="140" required><button>Add</button></form>
<ul>${items}</ul></html>
`,
  };
};

const add: Route = async (_request, body) => {
  const text = new URLSearchParams(body).get('text');
  const response = await fetch(`${backend}/be/todos`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ text }),
    signal: AbortSignal.timeout(5_000),
  });
  if (response.status === 400) return { status: 400, body: 'write 1 to 140 characters\n' };
  if (!response.ok) return { status: 502, body: 'the back end failed\n' };
  return { status: 303, location: `${base}/` };
};

/** Made once and kept: what it draws outlives the pod. */
const image: Route = async () => {
  const file = join(images, 'todo.svg');
  const kept = await readFile(file).catch(() => undefined);
  if (kept !== undefined) return { type: 'image/svg+xml', body: kept };
  const hue = Math.floor(Math.random() * 360);
  const made = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 2"><rect width="8" height="2" fill="hsl(${hue} 60% 50%)"/></svg>`;
  await mkdir(images, { recursive: true });
  await writeFile(file, made);
  return { type: 'image/svg+xml', body: made };
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const paths: Routes = { 'GET /': page, 'POST /todos': add, 'GET /image': image };
const below = Object.entries(paths).map(([name, route]) => [name.replace(' ', ` ${base}`), route] as const);
serve(Number(setting('PORT')), {
  ...paths,
  ...Object.fromEntries(below),
  // without the slash too: that is what an Ingress path leads to
  [`GET ${base || '/'}`]: page,
  'GET /healthz': () => json({ status: 'ok' }),
  'GET /metrics': () => metrics({ todo_frontend_pages_total: pages }),
});
