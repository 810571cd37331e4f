import { useEffect, useReducer, useState } from './vendor/preact.js';
import { call } from './api.js';

/* What is on the screen keeps itself up to date: conditional requests, slower when the page is hidden or the API down. */

const HIDDEN_MS = 60_000;
const LONGEST_MS = 300_000;

/** The last good answer of each address, so that going back shows it at once. */
const known = new Map();

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
  const [again, refresh] = useReducer((count) => count + 1, 0);
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
  poll.asking = true;
  const before = known.get(poll.path) ?? {};
  const answer = await call(poll.fn, poll.path, { etag: before.etag });
  poll.asking = false;
  const at = Date.now();
  if (answer.kind === 'ok') known.set(poll.path, { data: answer.body, etag: answer.etag, at });
  else if (answer.kind === 'unchanged') known.set(poll.path, { ...before, at, problem: undefined });
  else if (answer.kind === 'down') known.set(poll.path, { ...before, problem: answer });
  else known.set(poll.path, { problem: answer, at });
  poll.failures = answer.kind === 'down' ? poll.failures + 1 : 0;
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
