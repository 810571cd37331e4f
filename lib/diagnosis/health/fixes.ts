import type { PolicyState } from '../../environment/ports/cluster.ts';
import { POLICY_FAULTS } from '../../environment/model/policy-faults.ts';

/** Beside what every check may say, `policies` and `sweep` tell apart what is wrong. */
export type Check = 'ok' | 'off' | 'invalid' | 'unreachable' | 'stopped' | Exclude<PolicyState, 'bound'>;

export type CheckName = 'settings' | 'storage' | 'cluster' | 'policies' | 'identity' | 'github' | 'audit' | 'sweep';

const FIXES: Record<CheckName, Partial<Record<Check, string>>> = {
  settings: {
    invalid: 'fix the app settings that the log and GET /api/preflight name',
  },
  storage: {
    invalid: 'give the app’s identity the data roles of AzureWebJobsStorage for blobs and queues',
    unreachable: 'check AzureWebJobsStorage, and whether its network lets the app in',
  },
  cluster: {
    invalid: 'check AKS_CLUSTER_ID or the CLUSTER_… settings, and the roles of manifests/cluster',
    unreachable: 'check whether the cluster runs and its network lets the app in',
  },
  policies: {
    ...POLICY_FAULTS,
    off: 'ALLOW_UNGUARDED is true: set it to false once the policies of manifests/cluster are applied',
    unreachable: 'check whether the cluster runs and its network lets the app in',
  },
  identity: {
    off: 'WORKLOAD_IDENTITIES is empty: no branch opens a Key Vault',
    invalid: 'fix WORKLOAD_IDENTITIES, OIDC_ISSUER_URL or AKS_CLUSTER_ID',
    unreachable: 'check ARM_ENDPOINT and the network',
  },
  github: {
    off: 'TRUST_DELIVERIES is true: deliveries alone are believed, replays included, until there are GitHub credentials',
    invalid:
      'set GITHUB_TOKEN or a GitHub App that may read the contents of the first of GITHUB_REPOSITORIES, or TRUST_DELIVERIES=true',
    unreachable: 'check GITHUB_API_URL and the network; while storage is out of reach GitHub is not asked',
  },
  audit: {
    invalid:
      'let the app’s identity append to the container audit; until then the lines are in the log (audit not written)',
    unreachable:
      'the trail is in AzureWebJobsStorage: the lines that could not be written are in the log (audit not written)',
  },
  sweep: {
    stopped:
      'more would be deleted than SWEEP_MAX_DELETIONS allows: see the plan by POST /api/sweep {"dryRun":true}, and confirm it by {"confirm":"<planId>"} if all of it is to go',
    unreachable: 'the state of sweeps is kept in AzureWebJobsStorage: check that it is reached',
  },
};

/** What a person can do about what a check says. */
export function fixFor(name: CheckName, check: Check): string | undefined {
  return FIXES[name][check];
}
