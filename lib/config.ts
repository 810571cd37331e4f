export * from './config/azure.ts';
export * from './config/environment.ts';
export * from './config/github.ts';
export * from './config/intake.ts';
export * from './config/page.ts';
export * from './config/storage.ts';
export * from './config/telemetry.ts';
export * from './config/workflow.ts';
