import { html, useState } from '../../vendor/preact.js';
import { call } from '../../api.js';
import { plural } from '../../format.js';
import { Section } from '../../parts.js';

/** What a provision would change now: drift and newer overlays, by server-side dry run. */
export function Changes({ environment }) {
  const [asked, setAsked] = useState({ kind: 'idle' });
  const compare = async () => {
    setAsked({ kind: 'asking' });
    const { ref: branch, repository } = environment;
    setAsked(
      await call('provision', 'provision', {
        method: 'POST',
        body: { branch, repository: repository.fullName, dryRun: true },
      }),
    );
  };
  const aside = html`<button type="button" class="plain" disabled=${asked.kind === 'asking'} onClick=${compare}>
    ${asked.kind === 'asking' ? 'Comparing …' : 'Compare now'}
  </button>`;
  return html`<${Section} title="What a provision would change" aside=${aside}>
    <div aria-live="polite">
      ${asked.kind === 'idle' && html`<p class="quiet">Compares the cluster with the overlays; changes nothing.</p>`}
      ${asked.kind === 'ok' && html`<${ChangeList} changes=${asked.body.changes} validated=${asked.body.validated} />`}
      ${
        ['refused', 'denied', 'down', 'missing'].includes(asked.kind) &&
        html`<p class="bad-text">${asked.message || 'The key does not open provision.'}</p>`
      }
    </div>
  <//>`;
}

/** The changes of a dry run; unchanged objects are counted only. */
export function ChangeList({ changes, validated }) {
  const changed = changes.filter(({ action }) => action !== 'unchanged');
  const rest = changes.length - changed.length;
  return html`
    ${changed.length === 0 && html`<p>Nothing: ${plural(rest, 'object is', 'objects are')} as they should be.</p>`}
    <ul class="changes">
      ${changed.map(
        ({ object, action, reason, count }) =>
          html`<li>
            <span class="action ${action}">${action}</span> <span class="mono">${object}</span>
            <span class="quiet">${reason ?? (count === undefined ? '' : `× ${count}`)}</span>
          </li>`,
      )}
    </ul>
    ${changed.length > 0 && rest > 0 && html`<p class="quiet">${rest} unchanged</p>`}
    ${validated === false && html`<p class="quiet">Not checked by the API server: the namespace is not there yet.</p>`}
  `;
}
