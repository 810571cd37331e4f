import { html, useEffect, useState } from '../vendor/preact.js';
import { Curl, Refusal, useAction } from '../dialogs/act.js';
import { plural } from '../format.js';
import { Note, Section } from '../parts.js';
import { Link, toPath } from '../router.js';

/** What a sweep would do, and the confirmation of more deletions than it may make by itself. */
export function SweepView({ query }) {
  const plan = useAction('sweep-now', 'sweep');
  const run = useAction('sweep-now', 'sweep');
  const [confirmed, setConfirmed] = useState(undefined);
  useEffect(() => {
    document.title = 'Sweep · Feature branches';
    // who comes from the banner wants to see what was held
    if (query.get('plan') === '1') plan.act({ dryRun: true });
  }, []);
  const body = plan.answer.kind === 'ok' ? plan.answer.body : undefined;
  const hasDeletions = (body?.deletions ?? []).length > 0;
  const isBusy = plan.answer.kind === 'busy' || run.answer.kind === 'busy';
  const confirm = async () => {
    const given = await run.act({ confirm: body.planId });
    if (given.kind === 'ok') setConfirmed(body.planId);
  };
  return html`
    <header class="head">
      <div class="title">
        <h1>Sweep</h1>
        <div class="actions">
          <${Curl} path="sweep" body=${{ dryRun: true }} />
          <button type="button" class="primary" disabled=${isBusy} onClick=${() => plan.act({ dryRun: true })}>
            ${plan.answer.kind === 'busy' ? 'Planning …' : 'Dry run'}
          </button>
        </div>
      </div>
      <p class="quiet">
        A sweep runs by itself and finds what deliveries missed: branches without an environment, environments without a
        branch. A dry run says what it would do, and does nothing.
      </p>
    </header>
    <${Refusal} answer=${plan.answer} fn="sweep-now" />
    ${body && html`<${Plan} plan=${body} />`}
    ${
      body?.planId &&
      listsOf(body).length > 0 &&
      confirmed !== body.planId &&
      html`<div class="confirm">
        <button type="button" class=${hasDeletions ? 'danger' : 'primary'} disabled=${isBusy} onClick=${confirm}>
          Do exactly this
        </button>
        <span class="quiet">Valid for an hour, once.</span>
        <${Curl} path="sweep" body=${{ confirm: body.planId }} />
      </div>`
    }
    <${Refusal} answer=${run.answer} fn="sweep-now" />
    ${run.answer.kind === 'ok' && html`<${Note} tone="info" title="Confirmed: the requests are queued." />`}
  `;
}

const TITLES = {
  deletions: 'Would be deleted',
  requests: 'Would be reconciled',
  unlisted: 'Could not be listed',
  queued: 'Queued',
  orphans: 'Orphaned credentials',
  removed: 'Old records that go',
};

function listsOf(plan) {
  return Object.entries(plan).filter(([, value]) => Array.isArray(value) && value.length > 0);
}

/** Each list of the plan, whatever it is made of. */
function Plan({ plan }) {
  const lists = listsOf(plan);
  return html`
    ${lists.length === 0 && html`<p>Nothing to do: every environment is as it should be.</p>`}
    ${
      plan.held === true &&
      html`<${Note}
        tone="bad"
        title=${`${plural(plan.deletions.length, 'deletion')}: SWEEP_MAX_DELETIONS allows ${plan.limit}`}
      >
        <p>A sweep by itself deletes none of them. If they are to go, confirm this plan.</p>
      <//>`
    }
    ${lists.map(
      ([name, entries]) =>
        html`<${Section}
          key=${name}
          title=${TITLES[name] ?? name}
          aside=${html`<span class="quiet">${plural(entries.length, 'entry', 'entries')}</span>`}
        >
          <ul class="changes">
            ${entries.map((entry) => html`<li>${describe(entry)}</li>`)}
          </ul>
        <//>`,
    )}
  `;
}

function describe(entry) {
  if (typeof entry === 'string') return html`<span class="mono">${entry}</span>`;
  const { environment, name, object, action, kind, repository, reason, why } = entry;
  const slug = environment ?? name;
  const said = reason ?? why;
  const what = object ?? repository ?? (said === undefined ? kind : undefined);
  return html`${action && html`<span class="action ${action}">${action}</span> `}
    ${slug && html`<${Link} to=${toPath('environments', slug)}>${slug}<//> `}
    ${what && html`<span class="mono">${what}</span> `}<span class="quiet">${said ?? ''}</span>`;
}
