/**
 * Preloaded into a child process (`--import`): ends it when its parent is gone, however the parent ended,
 * so that no server outlives a killed test or demo.
 */
process.on('disconnect', () => process.exit(0));

// Listening alone would keep the child alive after it has closed everything else.
process.channel?.unref();
