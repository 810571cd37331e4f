import { html, useState } from '../../vendor/preact.js';
import { plural } from '../../format.js';
import { Ago, Icon, Section } from '../../parts.js';

const STATES = {
  failed: ['cross', 'bad', 0],
  absent: ['bar', 'bad', 1],
  starting: ['ring', 'busy', 2],
  unknown: ['question', 'none', 3],
  ready: ['check', 'good', 4],
};

/** The objects of an environment by kind; those that are not ready stand first with their reason. */
export function Objects({ environment, live, isUnknown }) {
  const [isOpen, setOpen] = useState(false);
  const objects = toObjects(environment, live);
  if (objects.length === 0) return null;
  const wrong = objects.filter(({ state }) => state !== 'ready' && state !== 'unknown');
  const kinds = Map.groupBy(objects.toSorted(byKind), ({ kind }) => kind);
  const said =
    live.objects === undefined
      ? isUnknown
        ? 'live state not known'
        : 'asking the cluster …'
      : wrong.length === 0
        ? 'all as they should be'
        : `${wrong.length} of ${objects.length} not ready`;
  return html`<${Section} title="Objects" aside=${html`<span class="quiet">${said}</span>`}>
    ${
      wrong.length > 0 &&
      html`<ul class="objects">
        ${wrong.sort((a, b) => rank(a) - rank(b)).map((object) => html`<${OneObject} key=${object.kind + object.name} object=${object} />`)}
      </ul>`
    }
    <details open=${isOpen} onToggle=${(event) => setOpen(event.target.open)}>
      <summary>${[...kinds].map(([kind, ones]) => `${ones.length} ${kind}`).join(', ')}</summary>
      ${
        isOpen &&
        [...kinds].map(
          ([kind, ones]) =>
            html`<h3>${kind}</h3>
              <ul class="objects">
                ${ones.map((object) => html`<${OneObject} key=${object.name} object=${object} />`)}
              </ul>`,
        )
      }
    </details>
  <//>`;
}

/** What runs, then how it is reached; the rest as it was applied. */
const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Service', 'Ingress', 'HTTPRoute'];

function byKind(one, other) {
  const [first, second] = [KINDS.indexOf(one.kind), KINDS.indexOf(other.kind)];
  return (first < 0 ? KINDS.length : first) - (second < 0 ? KINDS.length : second);
}

function rank({ state }) {
  return (STATES[state] ?? STATES.unknown)[2];
}

function OneObject({ object }) {
  const { kind, name, state, reason } = object;
  const [icon, tone] = STATES[state] ?? STATES.unknown;
  return html`<li>
    <${Icon} icon=${icon} tone=${tone} />
    <span class="mono">${kind}/${name}</span>
    <span class="quiet"
      ><span class="sr-only">${state} </span>${reason ?? (state === 'absent' ? 'is not there' : '')}</span
    >
  </li>`;
}

/** The inventory with what the cluster says of each; what was not read counts as unknown. */
function toObjects({ inventory = [] }, live) {
  const seen = new Map((live.objects ?? []).map((one) => [`${one.kind}/${one.name}`, one]));
  return inventory.map(({ kind, name }) => ({ kind, name, state: 'unknown', ...seen.get(`${kind}/${name}`) }));
}

/** Warnings of the cluster about this namespace, the newest first. */
export function Events({ live, now }) {
  const events = live.events ?? [];
  if (events.length === 0) return null;
  return html`<${Section} title="Events" aside=${html`<span class="quiet">${plural(events.length, 'warning')}</span>`}>
    <ul class="history">
      ${events.map(
        ({ object, reason, message, at, count }) =>
          html`<li key=${object + reason + message}>
            <span class="quiet"><${Ago} at=${at} now=${now} /></span>
            <div>
              <span class="mono">${object}</span> <strong>${reason}</strong>
              ${count > 1 && html`<span class="quiet"> ${count} times</span>`}
              <p>${message}</p>
            </div>
          </li>`,
      )}
    </ul>
  <//>`;
}
