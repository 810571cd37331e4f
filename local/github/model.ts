/** One repository as the stand-in keeps it; tests change it at will. */
export interface StandInRepository {
  fullName: string;
  id: number;
  defaultBranch: string;
  branches: string[];
  /** Former full names, which GitHub redirects. */
  formerNames?: string[];
  /** What reads see while they lag behind events; undefined: what is so. */
  laggedBranches?: string[];
  deployments?: StandInDeployment[];
  /** Branches into which a deployment merged the default branch: its own default, which nobody wants. */
  merges?: string[];
  pulls?: StandInPull[];
  comments?: StandInComment[];
}

export interface StandInDeployment {
  id: number;
  ref: string;
  environment: string;
  task: string;
  description: string;
  payload: unknown;
  transient_environment: boolean;
  statuses: { state: string; description: string; environment_url: string; log_url: string }[];
}

export interface StandInPull {
  number: number;
  head: string;
  state?: 'open' | 'closed';
  draft?: boolean;
  /** Id of the repository that the branch is in: another one for a fork. */
  headRepository?: number;
}

export interface StandInComment {
  id: number;
  issue: number;
  body: string;
  /** Login. */
  user: string;
}

/** A delivery of the App's webhook, as `GET /app/hook/deliveries` shows it. */
export interface StandInDelivery {
  id: number;
  guid: string;
  delivered_at: string;
  status: string;
  status_code: number;
  event: string;
  redelivery?: boolean;
}

export interface StandInApp {
  id: string;
  slug: string;
  installationId: string;
  /** PEM. */
  publicKey: string;
  isSuspended?: boolean;
  /** Repositories that the installation may not see. */
  withoutRepositories?: number[];
  deliveries: StandInDelivery[];
  onRedeliver?: (delivery: StandInDelivery) => void;
  /** Ms that an installation token lives. */
  tokenLifeMs?: number;
}

export interface GitHubCall {
  method: string;
  /** As it came, still encoded. */
  url: string;
  authorization?: string;
  body?: Record<string, unknown>;
  ifNoneMatch?: string;
  status?: number;
}

export interface GitHubAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export const NOT_FOUND: GitHubAnswer = {
  status: 404,
  body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
};

export function unprocessable(message: string): GitHubAnswer {
  return { status: 422, body: { message, status: '422' } };
}

/** One page of a list, with the Link header that leads to the next one. */
export function page(items: readonly unknown[], target: { url: URL; base: string }): GitHubAnswer {
  const { url, base } = target;
  const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30));
  const number = Number(url.searchParams.get('page') ?? 1);
  const body = items.slice((number - 1) * size, number * size);
  if (number * size >= items.length) return { status: 200, body };
  const next = new URL(`${base}${url.pathname}${url.search}`);
  next.searchParams.set('page', String(number + 1));
  return { status: 200, body, headers: { Link: `<${next.href}>; rel="next"` } };
}
