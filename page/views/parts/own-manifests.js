import { html } from '../../vendor/preact.js';
import { Section } from '../../parts.js';

const ACTIONS = { added: 'created', changed: 'configured', removed: 'deleted' };

/** Where the branch runs its own manifests: each object that they add, change or leave out of the app's overlays. */
export function OwnManifests({ environment }) {
  const { from, differs } = environment;
  if (from !== 'branch') return null;
  const kinds = Object.keys(ACTIONS).filter((kind) => differs?.[kind]?.length > 0);
  const said =
    differs === undefined
      ? 'not compared with the app’s'
      : kinds.map((kind) => `${differs[kind].length} ${kind}`).join(', ') || 'the same as the app’s';
  return html`<${Section} title="The branch’s own manifests" aside=${html`<span class="quiet">${said}</span>`}>
    <p class="quiet">
      ${
        differs === undefined
          ? 'Brought along by its workflow. The app’s own overlays do not render for it, so there is nothing to compare.'
          : 'Brought along by its workflow, in place of the app’s overlays.'
      }
    </p>
    <ul class="changes">
      ${kinds.flatMap((kind) =>
        differs[kind].map(
          (object) =>
            html`<li key=${kind + object}>
              <span class="action ${ACTIONS[kind]}">${kind}</span> <span class="mono">${object}</span>
            </li>`,
        ),
      )}
    </ul>
  <//>`;
}
