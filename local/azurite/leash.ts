/**
 * Preloaded into a child process (`--import`): ends it when its parent is gone, however the parent ended, so that no
 * server outlives a killed test or demo.
 */
process.on('disconnect', () => process.exit(0));
// Listening alone would keep the child alive after it has closed everything else.
process.channel?.unref();

// Ctrl-C reaches every process of a terminal; the parent stops this one last, when nobody needs it any more.
const stay = () => {};
process.on('SIGINT', stay);
process.on('newListener', (event, listener) => {
  if (event === 'SIGINT') setImmediate(() => process.off('SIGINT', listener as () => void));
});
