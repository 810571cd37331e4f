import { html } from '../../vendor/preact.js';
import { formatDuration, formatTime } from '../../format.js';
import { Icon, Section } from '../../parts.js';

const STATES = { done: ['check', 'good'], failed: ['cross', 'bad'], running: ['ring', 'busy'] };

/** The steps of the newest run by their start, with how long each took. */
export function Life({ environment, now }) {
  const steps = Object.entries(environment.steps ?? {})
    .map(([name, step]) => ({ name, ...step }))
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  const { phase, appliedAt } = environment;
  if (
    phase === 'starting' &&
    appliedAt &&
    !steps.some(({ name, state }) => name === 'readiness' || state === 'running')
  ) {
    steps.push({ name: 'readiness', state: 'running', at: appliedAt, ms: now - Date.parse(appliedAt) });
  }
  if (steps.length === 0) return null;
  const longest = Math.max(...steps.map(({ ms }) => ms), 1);
  return html`<${Section} title="Life">
    <ol class="life">
      ${steps.map(({ name, state, at, ms }) => {
        const [icon, tone] = STATES[state] ?? STATES.running;
        return html`<li key=${name} title=${formatTime(at)}>
          <${Icon} icon=${icon} tone=${tone} />
          <span>${name}<span class="sr-only">, ${state}</span></span>
          <meter class=${tone} min="0" max="100" value=${Math.max(2, (ms / longest) * 100)} aria-hidden="true"></meter>
          <span class="quiet number">${formatDuration(ms)}</span>
        </li>`;
      })}
    </ol>
  <//>`;
}
