/**
 * An answer that is shared by who asks while one is under way: the next one is asked for after all of them have asked, so
 * nobody's is older than the question, and no two are under way at a time.
 */
export function shareAsks<T>(ask: () => Promise<T>): () => Promise<T> {
  let next: PromiseWithResolvers<T> | undefined;
  let running: Promise<unknown> = Promise.resolve();
  return () => {
    if (next !== undefined) return next.promise;
    const asked = Promise.withResolvers<T>();
    next = asked;
    running = running.then(async () => {
      next = undefined;
      // one that throws at once must not end the answers of all who come after
      await (async () => ask())().then(asked.resolve, asked.reject);
    });
    return asked.promise;
  };
}
