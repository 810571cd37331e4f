import { build } from './build.ts';

try {
  const { functions, bytes, ms } = await build();
  console.log(`Built ${functions} function files into dist/ (${(bytes / 1e6).toFixed(1)} MB) in ${ms} ms`);
} catch (error) {
  console.error(`The build failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
