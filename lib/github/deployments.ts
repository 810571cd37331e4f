import type { ReportAbout, ReportAnswer, Reports } from '../environment/ports/ports.ts';
import { type GitHubAnswer, toFailure } from './answer.ts';
import type { GitHub } from './client.ts';
import { isObject } from '../is-object.ts';
import { repositoryPath } from './paths.ts';

export interface DeploymentOptions {
  github: GitHub;
  /** GITHUB_ENVIRONMENT; `{slug}` stands for the slug. */
  environment: string;
  /** The address of the status page, for a slug put behind it. */
  pageUrl?: string;
}

/** Shows each environment as a deployment of its branch, and takes them away with it. */
export function createDeployments({ github, environment, pageUrl }: DeploymentOptions): Reports {
  const pathOf = ({ repository }: ReportAbout): string => `${repositoryPath(repository.fullName)}/deployments`;
  const environmentOf = ({ slug }: ReportAbout): string => environment.replaceAll('{slug}', slug);

  /** Ours of this branch, the newest first: found by the payload, since an answer to a POST may be lost. */
  async function listOurs(about: ReportAbout): Promise<{ kind: 'list'; items: Ours[] } | ReportAnswer> {
    const query = new URLSearchParams({ ref: about.ref, environment: environmentOf(about), per_page: '100' });
    const list = await github.list(`${pathOf(about)}?${query.toString()}`);
    if (list.kind === 'unknown') return { kind: 'failed', why: list.why };
    return { kind: 'list', items: list.items.flatMap((item) => toOurs(item, about.slug)) };
  }

  /** GitHub deletes no active deployment. */
  async function retire(about: ReportAbout, id: number): Promise<GitHubAnswer> {
    const ended = await github.send('POST', `${pathOf(about)}/${id}/statuses`, { state: 'inactive' });
    if (ended.status === 404) return { status: 204 };
    return ended.status === 201 ? github.send('DELETE', `${pathOf(about)}/${id}`) : ended;
  }

  async function create(about: ReportAbout & { imageTag: string }): Promise<GitHubAnswer> {
    return github.send('POST', pathOf(about), {
      ref: about.ref,
      environment: environmentOf(about),
      description: `Environment ${about.slug}`,
      payload: { slug: about.slug, imageTag: about.imageTag },
      // GitHub's auto-inactive leaves the deployments of other branches alone
      transient_environment: true,
      // the defaults merge the default branch into the user's, and wait for every check
      auto_merge: false,
      required_contexts: [],
    });
  }

  const reports: Reports = {
    async tell(about, known) {
      let id = known.imageTag === about.imageTag ? known.deploymentId : undefined;
      if (id === undefined) {
        const ours = await listOurs(about);
        if (ours.kind !== 'list') return ours;
        id = ours.items.find(({ imageTag }) => imageTag === about.imageTag)?.id;
        if (id === undefined) {
          const made = await create(about);
          id = isObject(made.data) && typeof made.data['id'] === 'number' ? made.data['id'] : undefined;
          if (made.status !== 201 || id === undefined) return toFailure(made);
        }
        for (const other of ours.items) if (other.id !== id) await retire(about, other.id);
      }
      const { state, description, url } = about;
      const sent = await github.send('POST', `${pathOf(about)}/${id}/statuses`, {
        state,
        description,
        ...(url !== undefined && { environment_url: url }),
        ...(pageUrl !== undefined && { log_url: pageUrl + about.slug }),
      });
      return sent.status === 201 ? { kind: 'told', deploymentId: id } : toFailure(sent);
    },
    async remove(about) {
      const ours = await listOurs(about);
      if (ours.kind !== 'list') return ours;
      for (const { id } of ours.items) {
        const gone = await retire(about, id);
        if (gone.status !== 204) return toFailure(gone);
      }
      return { kind: 'removed' };
    },
  };
  return {
    tell: async (about, known) => (await github.inTurn(() => reports.tell(about, known))) ?? { kind: 'busy' },
    remove: async (about) => (await github.inTurn(() => reports.remove(about))) ?? { kind: 'busy' },
  };
}

interface Ours {
  id: number;
  imageTag: string;
}

function toOurs(item: unknown, slug: string): Ours[] {
  if (!isObject(item) || typeof item['id'] !== 'number') return [];
  const payload = typeof item['payload'] === 'string' ? parse(item['payload']) : item['payload'];
  if (!isObject(payload) || payload['slug'] !== slug) return [];
  return [{ id: item['id'], imageTag: String(payload['imageTag']) }];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
