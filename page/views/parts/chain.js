import { html, useState } from '../../vendor/preact.js';
import { formatRelative, lastSegment } from '../../format.js';
import { Icon, Section } from '../../parts.js';
import { usePoll } from '../../poll.js';

const STATES = { ok: ['check', 'good'], broken: ['cross', 'bad'], unknown: ['question', 'none'] };

const VERDICTS = { ok: 'whole', none: 'nothing asks for an identity' };

/** The way from a pod to its secrets as a picture: links on a line, which is torn where one is broken. */
export function Chain({ path, phase }) {
  const { data, problem } = usePoll('environment-diagnosis', `${path}/diagnosis`, () => 30_000);
  if (problem?.kind === 'missing') return null;
  if (problem !== undefined && data === undefined) {
    return html`<${Section} title="Identity chain"
      ><p class="quiet">Not known: ${problem.message || 'no right to see it'}.</p><//
    >`;
  }
  if (data === undefined)
    return html`<${Section} title="Identity chain"><p class="quiet">Asking cluster and Azure …</p><//>`;
  const broken = data.chain.filter(({ state }) => state === 'broken').length;
  const isSettling = phase !== 'ready' && phase !== 'starting' && phase !== 'failed';
  const said = data.propagating
    ? `credential spreading, up to ${formatRelative(data.propagating.until, Date.now()).replace('in ', '')}`
    : broken > 0
      ? `${broken} broken`
      : (VERDICTS[data.verdict] ?? 'not known');
  return html`<${Section}
    title="Identity chain"
    aside=${html`<span class=${broken > 0 ? 'bad-text' : 'quiet'}>${said}</span>`}
  >
    ${data.why && html`<p class="quiet">There is none: ${data.why}.</p>`}
    ${isSettling && html`<p class="quiet">What is not written yet shows as broken.</p>`}
    <ol class="chain">
      ${data.chain.map(
        (link, index) =>
          html`<${Link}
            key=${link.link + link.object + index}
            link=${link}
            isOneOfMany=${data.chain.filter((other) => other.link === link.link).length > 1}
          />`,
      )}
    </ol>
  <//>`;
}

function Link({ link, isOneOfMany }) {
  const { state, object, found, expected, fix, cause } = link;
  const [icon, tone] = STATES[state] ?? STATES.unknown;
  const [isOpen, setOpen] = useState(state === 'broken');
  return html`<li class=${state}>
    <details open=${isOpen} onToggle=${(event) => setOpen(event.target.open)}>
      <summary>
        <${Icon} icon=${icon} tone=${tone} />
        <span>${link.link}${isOneOfMany && html` <span class="quiet">${lastSegment(object)}</span>`}</span>
        <span class="sr-only">, ${state}</span>
      </summary>
      ${
        isOpen &&
        html`<dl>
          <div>
            <dt>Object</dt>
            <dd class="mono">${object}</dd>
          </div>
          <div>
            <dt>Found</dt>
            <dd class="mono">${found}</dd>
          </div>
          ${
            found !== expected &&
            html`<div>
              <dt>Expected</dt>
              <dd class="mono">${expected}</dd>
            </div>`
          }
          ${
            cause &&
            html`<div>
              <dt>Cause</dt>
              <dd>${cause.code}: ${cause.meaning}</dd>
            </div>`
          }
          ${
            fix &&
            html`<div>
              <dt>Fix</dt>
              <dd>${fix}</dd>
            </div>`
          }
        </dl>`
      }
    </details>
  </li>`;
}
