import { fillWithLife } from './life.ts';
import { parseOptions, USAGE, type DemoOptions } from './options.ts';
import { Cancelled } from './cluster.ts';
import { heading, say } from './show.ts';
import { setStage, type Stage } from './stage.ts';
import { tellStory } from './story.ts';

/* `npm run demo`: one branch's life, from a signed webhook to an empty cluster. Exit code 0 only if every step held. */

process.exitCode = await main();

async function main(): Promise<number> {
  let options: DemoOptions | 'help';
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  heading('Starting');
  let stage: Stage;
  try {
    stage = await setStage(options);
  } catch (error) {
    console.error(error instanceof Cancelled ? 'Cancelled.' : `The demo could not start: ${(error as Error).message}`);
    return 1;
  }
  const stopped = stopRequested();
  try {
    const told = await Promise.race([tellStory(stage), stopped]);
    if (told === 'stopped') return 130;
    console.log(`\n${told.held} steps held, ${told.failed.length} failed`);
    for (const what of told.failed) console.log(`  ✗ ${what}`);
    if (told.failed.length > 0) console.log(`\nThe app's log:\n${stage.log.slice(-40).join('\n')}`);
    if (options.keep) {
      if (options.cluster === undefined) await fillWithLife(stage);
      showHowToPlayOn(stage);
      await stopped;
    }
    return told.failed.length === 0 ? 0 : 1;
  } catch (error) {
    console.error(`The demo failed: ${(error as Error).stack}\n${stage.log.slice(-40).join('\n')}`);
    return 1;
  } finally {
    say('stopping');
    await stage.stop();
  }
}

function stopRequested(): Promise<'stopped'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('stopped'));
  });
}

function showHowToPlayOn(stage: Stage): void {
  const { url, secret, repository } = stage;
  const payload = (ref: string) =>
    JSON.stringify({
      ref,
      ref_type: 'branch',
      master_branch: repository.defaultBranch,
      repository: { id: repository.id, full_name: repository.fullName, default_branch: repository.defaultBranch },
    });
  console.log(`
Everything goes on running; Ctrl-C ends it.

  the page        ${url}/api/ui/
  environments    curl -s ${url}/api/environments
  health          curl -s ${url}/api/health/checks
  provision       curl -s ${url}/api/provision --json '{"branch":"${repository.defaultBranch}-2"}'
  deprovision     curl -s ${url}/api/deprovision --json '{"branch":"${repository.defaultBranch}-2"}'
  a delivery      body='${payload('my-branch')}'
                  sig=$(printf %s "$body" | openssl dgst -sha256 -hmac ${secret} | sed 's/.* //')
                  curl -s ${url}/api/github/webhook -H 'Content-Type: application/json' -H 'X-GitHub-Event: create' \\
                    -H "X-GitHub-Delivery: $(date +%s)" -H "X-Hub-Signature-256: sha256=$sig" -d "$body"

GitHub is not asked here whether a branch exists: what you send is believed.
`);
}
