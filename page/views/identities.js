import { html, useEffect } from '../vendor/preact.js';
import { formatAge, plural } from '../format.js';
import { Loading, Note, Section } from '../parts.js';
import { useNow, usePoll } from '../poll.js';
import { Link, toPath } from '../router.js';
import { Problem } from '../shell.js';

/** The pool of managed identities: what is taken of each one's slots, by whom, and who waits for one. */
export function IdentitiesView() {
  const { data, problem, at } = usePoll('identities', 'identities', () => 15_000);
  const list = usePoll('environments', 'environments', () => 15_000);
  const now = useNow(5_000);
  useEffect(() => {
    document.title = 'Identities · Feature branches';
  }, []);
  if (problem?.kind === 'denied') return html`<${Problem} problem=${problem} fn="identities" />`;
  const waiting = (list.data?.environments ?? []).filter(({ waitingFor }) => waitingFor === 'credential-slot');
  const identities = data?.identities ?? [];
  const free = identities.reduce((sum, one) => sum + Math.max(0, one.slots - one.used - one.reserved - one.foreign), 0);
  return html`
    <header class="head">
      <div class="title">
        <h1>Identities</h1>
        ${data && html`<span class="quiet">${plural(free, 'slot')} free</span>`}
      </div>
    </header>
    <${Problem} problem=${problem} fn="identities" at=${at} />
    ${data === undefined && problem === undefined && html`<${Loading} />`}
    ${
      waiting.length > 0 &&
      html`<${Note}
        tone="warn"
        title=${`${plural(waiting.length, 'branch waits', 'branches wait')} for a free slot`}
        fix="deprovision a branch that nobody needs, or add an identity to WORKLOAD_IDENTITIES"
      >
        <p>
          ${waiting.map(({ name, ref }, index) => html`${index > 0 ? ', ' : ''}<${Link} to=${toPath('environments', name)}>${ref}<//>`)}
        </p>
      <//>`
    }
    ${
      data &&
      identities.length === 0 &&
      html`<div class="empty">
        <h2>No identity</h2>
        <p>WORKLOAD_IDENTITIES is empty, so no environment can open Key Vault.</p>
      </div>`
    }
    ${identities.map((identity) => html`<${Identity} key=${identity.id} identity=${identity} now=${now} />`)}
  `;
}

function Identity({ identity, now }) {
  const { name, id, slots, used, reserved, foreign, environments = [], listedAt } = identity;
  const free = Math.max(0, slots - used - reserved - foreign);
  const cells = [
    ...Array(used).fill('used'),
    ...Array(reserved).fill('reserved'),
    ...Array(foreign).fill('foreign'),
    ...Array(free).fill('free'),
  ];
  const aside = html`<span class="quiet" title=${id}
    >${listedAt ? `listed ${formatAge(now - Date.parse(listedAt))} ago` : 'not listed yet'}</span
  >`;
  return html`<${Section} title=${name} aside=${aside}>
    <div class="slots" role="img" aria-label=${`${used} used, ${reserved} reserved, ${foreign} foreign, ${free} free`}>
      ${cells.map((cell, index) => html`<span key=${index} class=${cell}></span>`)}
    </div>
    <p class="legend">
      ${[
        ['used', used],
        ['reserved', reserved],
        ['foreign', foreign],
        ['free', free],
      ].map(([label, count]) => count > 0 && html`<span><i class=${label}></i>${count} ${label}</span>`)}
    </p>
    ${
      environments.length > 0 &&
      html`<p class="tags">
        ${environments.map((slug) => html`<${Link} to=${toPath('environments', slug)}>${slug}<//> `)}
      </p>`
    }
  <//>`;
}
