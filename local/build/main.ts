import { build, projectRoot } from './build.ts';
import { overlaySettings } from './overlays.ts';

try {
  const overlays = await overlaySettings(projectRoot);
  const { functions, bytes, ms } = await build({
    overlays,
    explain: process.argv.includes('--explain'),
    log: (line) => console.log(line),
  });
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `Built ${functions} function files (${size}) and overlays ${overlays.overlays.join(', ')} into dist/ in ${ms} ms`,
  );
} catch (error) {
  console.error(`The build failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
