import {
  type GitHubAnswer,
  type GitHubCall,
  NOT_FOUND,
  type StandInDeployment,
  type StandInRepository,
  page,
  unprocessable,
} from './model.ts';

const STATES = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success'];
let ids = 1_000;

/** Deployments and their statuses, with the defaults that GitHub's own API has. */
export function answerDeployments(
  repository: StandInRepository,
  call: GitHubCall,
  target: { rest: string; url: URL; base: string },
): GitHubAnswer | undefined {
  const [, id, statuses] = /^\/deployments(?:\/(\d+)(\/statuses)?)?$/.exec(target.rest) ?? [];
  if (!target.rest.startsWith('/deployments')) return undefined;
  const deployments = (repository.deployments ??= []);
  if (id === undefined) {
    if (call.method === 'POST') return create(repository, call.body ?? {});
    const filters = ['ref', 'environment', 'task'] as const;
    const found = deployments.filter((one) =>
      filters.every((key) => (target.url.searchParams.get(key) ?? one[key]) === one[key]),
    );
    return page(found.map(toBody), target);
  }
  const deployment = deployments.find((one) => one.id === Number(id));
  if (deployment === undefined) return NOT_FOUND;
  if (statuses !== undefined) {
    if (call.method === 'GET') return page(deployment.statuses.toReversed(), target);
    return addStatus(repository, deployment, call.body ?? {});
  }
  if (call.method !== 'DELETE') return { status: 200, body: toBody(deployment) };
  const isActive = deployment.statuses.at(-1)?.state !== 'inactive';
  if (isActive && deployments.length > 1) return unprocessable('We cannot delete an active deployment.');
  repository.deployments = deployments.filter((one) => one !== deployment);
  return { status: 204 };
}

function create(repository: StandInRepository, body: Record<string, unknown>): GitHubAnswer {
  const { ref, environment = 'production', task = 'deploy', description = '', payload = {} } = body;
  if (typeof ref !== 'string' || !repository.branches.includes(ref))
    return unprocessable(`No ref found for: ${String(ref)}`);
  // the defaults: the default branch is merged into the user's, and every check is waited for
  if (body['auto_merge'] !== false) {
    (repository.merges ??= []).push(ref);
    return { status: 202, body: { message: `Auto-merged ${repository.defaultBranch} into ${ref} on deployment.` } };
  }
  if (!Array.isArray(body['required_contexts']) || body['required_contexts'].length > 0)
    return { status: 409, body: { message: 'Conflict: Commit status checks failed for this ref.' } };
  const deployment: StandInDeployment = {
    id: (ids += 1),
    ref,
    environment: String(environment),
    task: String(task),
    description: String(description),
    payload,
    transient_environment: body['transient_environment'] === true,
    statuses: [],
  };
  repository.deployments?.push(deployment);
  return { status: 201, body: toBody(deployment) };
}

function addStatus(
  repository: StandInRepository,
  deployment: StandInDeployment,
  body: Record<string, unknown>,
): GitHubAnswer {
  const { state, description = '', environment_url: environmentUrl = '', log_url: logUrl = '' } = body;
  if (typeof state !== 'string' || !STATES.includes(state)) return unprocessable('state is not included in the list');
  if (String(description).length > 140) return unprocessable('description is too long (maximum is 140 characters)');
  deployment.statuses.push({
    state,
    description: String(description),
    environment_url: String(environmentUrl),
    log_url: String(logUrl),
  });
  // the default, too: a success ends every other deployment of the environment that is not transient
  if (state === 'success' && body['auto_inactive'] !== false) {
    for (const other of repository.deployments ?? []) {
      if (other === deployment || other.environment !== deployment.environment || other.transient_environment) continue;
      other.statuses.push({ state: 'inactive', description: '', environment_url: '', log_url: '' });
    }
  }
  return { status: 201, body: deployment.statuses.at(-1) };
}

function toBody(deployment: StandInDeployment): Record<string, unknown> {
  return { ...deployment, statuses: undefined };
}
