import { html, useState } from '../../vendor/preact.js';
import { CopyButton, Section } from '../../parts.js';
import { usePoll } from '../../poll.js';

/** The last lines of each container that crashed or is not ready. */
export function Logs({ environment, live, path }) {
  const isWrong = (live.objects ?? []).some(({ state }) => state === 'failed' || state === 'starting');
  const isAsked = isWrong || environment.phase === 'starting' || environment.phase === 'failed';
  const { data, problem } = usePoll('environment-logs', isAsked ? `${path}/logs` : undefined, () => 10_000);
  const [chosen, setChosen] = useState(undefined);
  if (!isAsked || problem?.code === 'logs-off' || problem?.kind === 'missing') return null;
  if (problem?.kind === 'denied') {
    return html`<${Section} title="Logs"
      ><p class="quiet">${problem.message || 'The key does not open environment-logs.'}</p><//
    >`;
  }
  const logs = data?.logs ?? [];
  if (logs.length === 0) return null;
  const nameOf = ({ pod, container, previous }) => `${pod}/${container}${previous ? ', previous' : ''}`;
  const one = logs.find((log) => nameOf(log) === chosen) ?? logs[0];
  return html`<${Section} title="Logs" aside=${html`<${CopyButton} text=${one.lines.join('\n')} />`}>
    ${
      logs.length > 1
        ? html`<label class="pick">
            <span class="sr-only">Container</span>
            <select value=${nameOf(one)} onChange=${(event) => setChosen(event.target.value)}>
              ${logs.map((log) => html`<option value=${nameOf(log)}>${nameOf(log)}</option>`)}
            </select>
          </label>`
        : html`<p class="mono">${nameOf(one)}</p>`
    }
    <p class="quiet">${one.why}</p>
    <pre class="logs" tabindex="0" aria-label=${`Log of ${nameOf(one)}`}>
${one.lines.length === 0 ? html`<span class="quiet">Nothing was written.</span>` : one.lines.join('\n')}</pre>
  <//>`;
}
