import { html } from '../../vendor/preact.js';
import { formatAge } from '../../format.js';
import { Section } from '../../parts.js';

/** What the environment asks of the cluster, for how long, and what that costs where prices are set. */
export function Requested({ live, now }) {
  const { requested, since, cost } = live;
  if (!requested?.cpu && !requested?.memoryGiB) return null;
  const alive = since === undefined ? undefined : now - Date.parse(since);
  return html`<${Section} title="Requested">
    <dl class="numbers">
      <div>
        <dt>CPU</dt>
        <dd>${trim(requested.cpu)} <span class="quiet">cores</span></dd>
      </div>
      <div>
        <dt>Memory</dt>
        <dd>${trim(requested.memoryGiB)} <span class="quiet">GiB</span></dd>
      </div>
      ${
        alive !== undefined &&
        html`<div>
          <dt>Alive</dt>
          <dd>${formatAge(alive)}</dd>
        </div>`
      }
      ${
        cost &&
        html`<div>
            <dt>Cost so far</dt>
            <dd>${money(cost.soFar)}</dd>
          </div>
          <div>
            <dt>Cost per day</dt>
            <dd>${money(cost.perHour * 24)}</dd>
          </div>`
      }
    </dl>
  <//>`;
}

function trim(number) {
  return String(Math.round(number * 100) / 100);
}

function money(amount) {
  return amount.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
