import { Agent } from 'undici';
import { MANAGED_BY, MANAGER } from '../../lib/environment/model/labels.ts';
import type { Cluster } from '../../lib/environment/ports/cluster.ts';
import type { Survey } from '../../lib/environment/ports/readiness.ts';
import { type Apart, startApart } from '../apart/process.ts';
import type { App } from '../app.ts';
import { type Copied, copyEnvironment } from '../copies.ts';
import type { Figures } from '../figures.ts';
import { type Comparison, alternate, timed } from '../measure.ts';
import { type Recorded, recordRequests } from '../record.ts';
import type { Stage } from '../stage.ts';
import { provisionUntilReady } from '../until-ready.ts';

const ENVIRONMENTS = 2_000;
const PODS = 5;
const MOST_CALLS = 80;
const MOST_MB = 300;
const ORIGINAL = 'survey-0';
/** One environment whose program ended a moment ago: a survey that finds nothing may have read nothing. */
const ILL = 'survey-1999';

/** A sweep's reading of 2,000 ready environments with 10,000 pods, against the same lists without a judgement. */
export async function measureSurvey(
  { stage, app }: { stage: Stage; app: App },
  rounds: number,
): Promise<{ comparisons: Comparison[]; figures: Figures }> {
  const whole = await app.whole();
  await provisionUntilReady(stage, { ports: whole, slug: ORIGINAL });
  await stage.plane.stopControllers();
  const copies = Array.from({ length: ENVIRONMENTS - 1 }, (_, index) => `survey-${index + 1}`);
  const present = await copyEnvironment(stage, { slug: ORIGINAL, copies, pods: PODS, change: makeIll });
  const { cluster } = whole;
  const recorded = await recordRequests(() => readAsSweep(cluster));
  const firstPages = recorded.filter(({ path }) => path.includes('limit=') && !path.includes('continue='));
  const settings = {
    GITHUB_REPOSITORIES: 'acme/shop',
    TRUST_DELIVERIES: 'true',
    AzureWebJobsStorage: stage.azurite.connectionString,
    CLUSTER_KUBECONFIG: stage.plane.kubeconfig,
    CLUSTER_CONTEXT: 'provisioner',
    CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
    OVERLAY_KEYVAULT_NAME: 'branches-vault',
  };
  const agent = new Agent({ allowH2: false, connect: { ca: stage.plane.access.ca } });
  const apart = await startApart(settings, stage.compiled);
  const surveys: Awaited<ReturnType<Apart['survey']>>[] = [];
  try {
    const ours = async (): Promise<number> => {
      const survey = await apart.survey();
      check(survey.result);
      surveys.push(survey);
      return survey.ms;
    };
    const theirs = (): Promise<number> => timed(() => sendLists(agent, firstPages));
    await ours();
    await theirs();
    const times = await alternate(rounds, { ours, theirs });
    const calls = Math.max(...surveys.map((survey) => Object.values(survey.calls).reduce((all, one) => all + one, 0)));
    const peakMb = Math.max(...surveys.map((survey) => survey.peakMb));
    return {
      comparisons: [
        { name: `${ENVIRONMENTS} environments surveyed`, against: 'the bare lists', goal: 1.5, ...times },
        { name: 'calls of a survey', against: `${MOST_CALLS} calls`, goal: 1, ours: [calls], theirs: [MOST_CALLS] },
        { name: 'peak memory of a survey, MB', against: `${MOST_MB} MB`, goal: 1, ours: [peakMb], theirs: [MOST_MB] },
      ],
      figures: { name: `a survey of ${ENVIRONMENTS} ready environments`, values: { calls, peakMb, ...present } },
    };
  } finally {
    await apart.stop();
    await agent.close();
  }
}

async function readAsSweep(cluster: Cluster): Promise<Survey> {
  await cluster.listNamespaces({ [MANAGED_BY]: MANAGER });
  return cluster.survey();
}

function makeIll({ plural, object }: Copied, slug: string): void {
  if (slug !== ILL || plural !== 'pods') return;
  const { containerStatuses = [] } = object['status'] as { containerStatuses?: Record<string, unknown>[] };
  const [first] = containerStatuses;
  const ended = {
    exitCode: 1,
    startedAt: new Date(Date.now() - 300_000).toISOString(),
    finishedAt: new Date().toISOString(),
  };
  if (first) Object.assign(first, { restartCount: 1, lastState: { terminated: ended } });
}

function check({ namespaces, suspect, unread }: Awaited<ReturnType<Apart['survey']>>['result']): void {
  const isRight = namespaces === ENVIRONMENTS && suspect.join() === `feature-${ILL}` && unread.length === 0;
  if (!isRight)
    throw new Error(
      `${namespaces} namespaces, not well: ${suspect.length} (${suspect.slice(0, 3).join()}), not read: ${unread.join()}`,
    );
}

/** The same lists, page by page, each read to its end; of what they hold the next page's token alone is looked for. */
async function sendLists(agent: Agent, firstPages: readonly Recorded[]): Promise<void> {
  for (const { origin, path, headers } of firstPages) {
    let next = '';
    do {
      const more = next && `&continue=${encodeURIComponent(next)}`;
      const answer = await agent.request({ origin, path: path + more, method: 'GET', headers });
      const text = await answer.body.text();
      // a kind that the shipped role does not grant is refused to both
      if (answer.statusCode !== 200 && answer.statusCode !== 403)
        throw new Error(`${path}: ${answer.statusCode} ${text.slice(0, 200)}`);
      next = /^[^[]*"continue":"([^"]+)"/.exec(text)?.[1] ?? '';
    } while (next);
  }
}
