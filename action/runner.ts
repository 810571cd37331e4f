import { appendFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';

/** What a step of GitHub Actions is given and may say: https://docs.github.com/actions/reference/workflows-and-actions */
export type RunnerEnv = Readonly<Record<string, string | undefined>>;

export interface Runner {
  input(name: string): string;
  /** A fresh OIDC token: each lives for minutes only. */
  token(audience: string): Promise<string>;
  output(name: string, value: string): Promise<void>;
  summary(markdown: string): Promise<void>;
  say(line: string): void;
  /** An error that GitHub shows on the run and on the pull request. */
  annotate(title: string, message: string): void;
}

/** Speaks to the runner that started this step by its documented variables, files and commands. */
export function createRunner(env: RunnerEnv, print: (line: string) => void): Runner {
  return {
    input: (name) => env[`INPUT_${name.toUpperCase()}`]?.trim() ?? '',

    async token(audience) {
      const address = env['ACTIONS_ID_TOKEN_REQUEST_URL'];
      const secret = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
      if (!address || !secret) throw new Error('This job has no OIDC token. Give it permissions: id-token: write.');
      const url = new URL(address);
      url.searchParams.set('audience', audience);
      const answer = await fetch(url, {
        headers: { authorization: `Bearer ${secret}` },
        signal: AbortSignal.timeout(20_000),
      });
      const { value } = (answer.ok ? await answer.json() : {}) as { value?: string };
      if (!value) throw new Error(`GitHub's token service answered ${answer.status} and gave no OIDC token.`);
      print(`::add-mask::${value}`);
      return value;
    },

    async output(name, value) {
      // the value is hostile text: a delimiter that nobody can guess keeps it one value
      const end = `end-${randomUUID()}`;
      await append(env['GITHUB_OUTPUT'], `${name}<<${end}\n${value}\n${end}\n`);
    },

    summary: (markdown) => append(env['GITHUB_STEP_SUMMARY'], `${markdown}\n`),
    say: (line) => print(line.replace(/[\r\n]+/g, ' ').replace(/^::/, ' ::')),
    annotate: (title, message) => print(`::error title=${escapeProperty(title)}::${escapeData(message)}`),
  };
}

async function append(file: string | undefined, text: string): Promise<void> {
  if (file) await appendFile(file, text);
}

function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
