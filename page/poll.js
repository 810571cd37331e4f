import { useEffect, useReducer, useState } from './vendor/preact.js';
import { call } from './api.js';

/* What is on the screen keeps itself up to date: conditional requests, slower when the page is hidden or the API down. */

const HIDDEN_MS = 60_000;
const LONGEST_MS = 300_000;

/** The last good answer of each address, so that going back shows it at once. */
const known = new Map();

/** The requests under way by address: who wants the same meanwhile waits for the same answer. */
const underWay = new Map();

/** Forgets every answer: other keys may see other things. */
export function forgetAll() {
  known.clear();
}

/**
 * Polls an address while the component shows. `data` is the last good answer, also while `problem` says
 * why there is no newer one. `path` undefined asks nothing.
 */
export function usePoll(fn, path, everyMs) {
  const [, redraw] = useReducer((count) => count + 1, 0);
  const [again, askAgain] = useReducer((count) => count + 1, 0);
  // an answer to a request from before a change may not know of it
  const refresh = () => Promise.resolve(underWay.get(path)).then(askAgain);
  const entry = path === undefined ? {} : (known.get(path) ?? {});
  useEffect(() => {
    if (path === undefined) return undefined;
    const poll = { path, fn, timer: 0, stopped: false, failures: 0 };
    const next = async () => {
      if (poll.asking) return;
      clearTimeout(poll.timer);
      await ask(poll);
      if (poll.stopped) return;
      redraw();
      poll.timer = setTimeout(next, pause(poll, everyMs(known.get(path)?.data)));
    };
    const onVisible = () => document.visibilityState === 'visible' && next();
    document.addEventListener('visibilitychange', onVisible);
    window.addEventListener('online', next);
    next();
    return () => {
      poll.stopped = true;
      clearTimeout(poll.timer);
      document.removeEventListener('visibilitychange', onVisible);
      window.removeEventListener('online', next);
    };
  }, [path, again]);
  return { ...entry, refresh };
}

async function ask(poll) {
  const { fn, path } = poll;
  poll.asking = true;
  if (!underWay.has(path))
    underWay.set(
      path,
      fetchNewest(fn, path).finally(() => underWay.delete(path)),
    );
  const kind = await underWay.get(path);
  poll.asking = false;
  poll.failures = kind === 'down' ? poll.failures + 1 : 0;
}

async function fetchNewest(fn, path) {
  const before = known.get(path) ?? {};
  const answer = await call(fn, path, { etag: before.etag });
  const at = Date.now();
  if (answer.kind === 'ok') known.set(path, { data: answer.body, etag: answer.etag, at });
  else if (answer.kind === 'unchanged') known.set(path, { ...before, at, problem: undefined });
  else if (answer.kind === 'down') known.set(path, { ...before, problem: answer });
  else known.set(path, { problem: answer, at });
  return answer.kind;
}

function pause({ failures }, usual) {
  const base = document.visibilityState === 'hidden' ? Math.max(usual, HIDDEN_MS) : usual;
  return Math.min(base * 2 ** Math.min(failures, 6), Math.max(LONGEST_MS, base));
}

/** The time, again and again, for ages on the screen. */
export function useNow(everyMs) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
