import picomatch from 'picomatch';
import { type Env, Settings } from '../settings.ts';

export interface WorkflowSettings {
  issuer: string;
  audience: string;
  /** By CI_WORKFLOWS on `job_workflow_ref`. */
  admits: (workflow: string) => boolean;
  /** BRANCH_MANIFESTS. */
  manifests: boolean;
  kinds: string[];
}

/** Kinds that a branch may bring along by default: what the shipped role grants, but for Secrets. */
export const BRANCH_KINDS =
  'ConfigMap,LimitRange,PersistentVolumeClaim,ResourceQuota,ServiceAccount,Service,Deployment,StatefulSet,CronJob,Ingress,' +
  'NetworkPolicy,PodDisruptionBudget,SecretProviderClass,PodMonitor,ServiceMonitor';

/** What the OIDC tokens of GitHub Actions must state, and what their jobs may bring along. */
export function readWorkflowSettings(env: Env): WorkflowSettings {
  const settings = new Settings(env);
  const issuer = settings.address('GITHUB_OIDC_ISSUER') ?? 'https://token.actions.githubusercontent.com';
  const workflows = settings.list('CI_WORKFLOWS');
  const matches = picomatch(workflows, { dot: true });
  return settings.checked({
    issuer,
    audience: settings.text('CI_AUDIENCE') ?? 'feature-branch-provisioner',
    admits: (workflow: string) => workflows.length === 0 || matches(workflow),
    manifests: settings.oneOf('BRANCH_MANIFESTS', ['false', 'true']) === 'true',
    kinds: settings.list('BRANCH_MANIFESTS_KINDS', BRANCH_KINDS),
  });
}
