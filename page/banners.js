import { html } from './vendor/preact.js';
import { plural } from './format.js';
import { Note } from './parts.js';
import { usePoll } from './poll.js';
import { Link, toPath } from './router.js';

const POLICIES = {
  off: ['warn', 'Admission policies are off', 'The app writes where no policy binds it.'],
  unbound: ['bad', 'Admission policies do not bind the app', 'Nothing is written to the cluster until they do.'],
  outdated: [
    'bad',
    'Admission policies are of another version',
    'Nothing is written to the cluster until they are current.',
  ],
  overprivileged: [
    'bad',
    'The app may do more than it should',
    'Nothing is written to the cluster until that right is taken away.',
  ],
  invalid: ['bad', 'Admission policies do not bind the app', 'Nothing is written to the cluster until they do.'],
};

const PEERS = {
  settings: 'the settings',
  storage: 'storage',
  cluster: 'the cluster',
  identity: 'Azure',
  github: 'GitHub',
  audit: 'the audit log',
};

/** What concerns every environment at once; quiet where all is well or the viewer may not know. */
export function Banners() {
  const { data } = usePoll('health-checks', 'health/checks', () => 30_000);
  const { checks = {}, fixes = {}, mode, sweep } = data ?? {};
  const policies = POLICIES[checks.policies];
  const peersThat = (state) => Object.keys(PEERS).filter((name) => checks[name] === state);
  return html`
    ${
      policies &&
      html`<${Note} tone=${policies[0]} title=${policies[1]} fix=${fixes.policies}>
        <p>${policies[2]}</p>
      <//>`
    }
    ${checks.sweep === 'stopped' && html`<${HeldSweep} sweep=${sweep} />`}
    ${peersThat('invalid').map(
      (name) => html`<${Note} key=${name} tone="bad" title=${`Not set up right: ${PEERS[name]}`} fix=${fixes[name]} />`,
    )}
    ${peersThat('unreachable').map(
      (name) =>
        html`<${Note} key=${name} tone="warn" title=${`Out of reach: ${PEERS[name]}`} fix=${fixes[name]}>
          <p>The app tries again by itself.</p>
        <//>`,
    )}
    ${
      mode === 'observe' &&
      html`<${Note} tone="info" title="Observing only">
        <p>MODE is observe: what would be done is recorded, and nothing is written.</p>
      <//>`
    }
  `;
}

function HeldSweep({ sweep }) {
  const count = sweep === undefined ? '' : `${plural(sweep.deletions, 'deletion')}, where ${sweep.limit} are allowed. `;
  return html`<${Note} tone="bad" title="The last sweep was stopped by its deletion limit">
    <p>${count}Nothing was deleted. ${' '}<${Link} to=${`${toPath('sweep')}?plan=1`}>See the plan and confirm it<//></p>
  <//>`;
}
