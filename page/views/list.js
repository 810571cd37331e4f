import { html, useEffect, useMemo, useRef, useState } from '../vendor/preact.js';
import { Banners } from '../banners.js';
import { ProvisionDialog } from '../dialogs/provision.js';
import { formatActor, formatRelative, plural, safeUrl, shorten } from '../format.js';
import { Ago, Loading, Phase, PHASES, phaseOf } from '../parts.js';
import { useNow, usePoll } from '../poll.js';
import { Link, setQuery, toPath } from '../router.js';
import { Problem } from '../shell.js';

const BUSY = new Set(['queued', 'provisioning', 'starting', 'deleting']);
const WAITING = {
  'credential-slot': 'waits for a free credential slot',
  capacity: 'waits for a place: MAX_ENVIRONMENTS is reached',
  'namespace-terminating': 'waits until its old namespace is gone',
};

/** The branch's own, in place of the app's overlays. */
const OWN = 'own manifests';

const isOwn = ({ from, phase }) => from === 'branch' && phase !== 'gone';

const SORTS = {
  attention: ['Needs attention', (a, b) => phaseOf(a.phase).rank - phaseOf(b.phase).rank || newest(a, b)],
  newest: ['Newest first', newest],
  branch: ['Branch', (a, b) => (a.ref < b.ref ? -1 : 1)],
  repository: [
    'Repository',
    (a, b) => (a.repository === b.repository ? newest(a, b) : a.repository < b.repository ? -1 : 1),
  ],
};

function newest(a, b) {
  return a.at < b.at ? 1 : -1;
}

/** Every environment: what is wrong first, then what is under way, then what is ready. */
export function ListView({ query }) {
  const all = query.get('all') === '1';
  const { data, problem, at, refresh } = usePoll('environments', all ? 'environments?all=1' : 'environments', (list) =>
    list?.environments.some(({ phase }) => BUSY.has(phase)) ? 2_000 : 10_000,
  );
  const now = useNow(10_000);
  const [dialog, setDialog] = useState(false);
  const search = useRef(null);
  const list = useRef(null);
  const environments = data?.environments ?? [];
  const shown = useMemo(() => select(environments, query), [environments, query.toString()]);
  useEffect(() => {
    const failed = environments.filter(({ phase }) => phaseOf(phase).tone === 'bad').length;
    document.title = `${failed > 0 ? `(${failed}) ` : ''}Feature branches`;
  }, [environments]);
  useKeys({ search, list });

  if (problem?.kind === 'denied') return html`<${Problem} problem=${problem} fn="environments" />`;
  const repositories = [...new Set(environments.map(({ repository }) => repository))].filter(Boolean).sort();
  return html`
    <h1 class="sr-only">Environments</h1>
    <${Problem} problem=${problem} fn="environments" at=${at} />
    <${Banners} />
    ${data === undefined && problem === undefined && html`<${Loading} />`}
    ${
      data !== undefined &&
      html`
        <div class="toolbar">
          <label class="search">
            <span class="sr-only">Search</span>
            <input
              ref=${search}
              type="search"
              placeholder="Search branch, tag, person or reason"
              value=${query.get('q') ?? ''}
              onInput=${(event) => setQuery({ q: event.target.value })}
              autocomplete="off"
              spellcheck=${false}
              aria-keyshortcuts="/"
            />
            <kbd aria-hidden="true">/</kbd>
          </label>
          ${
            repositories.length > 1 &&
            html`<label>
              <span class="sr-only">Repository</span>
              <select
                value=${query.get('repository') ?? ''}
                onChange=${(event) => setQuery({ repository: event.target.value })}
              >
                <option value="">All repositories</option>
                ${repositories.map((name) => html`<option value=${name}>${name}</option>`)}
              </select>
            </label>`
          }
          <label>
            <span class="sr-only">Sort</span>
            <select
              value=${sortOf(query)}
              onChange=${(event) => setQuery({ sort: event.target.value === 'attention' ? '' : event.target.value })}
            >
              ${Object.entries(SORTS).map(([key, [label]]) => html`<option value=${key}>${label}</option>`)}
            </select>
          </label>
          <button type="button" class="primary" onClick=${() => setDialog(true)}>Provision a branch</button>
        </div>
        <${Counts} environments=${environments} query=${query} all=${all} />
        ${
          environments.length === 0
            ? html`<${Empty} onProvision=${() => setDialog(true)} />`
            : html`<ol class="rows" ref=${list} aria-label=${plural(shown.length, 'environment')}>
                ${shown.map(
                  (one) =>
                    html`<${Row}
                      key=${one.name}
                      environment=${one}
                      now=${now}
                      withRepository=${repositories.length > 1}
                    />`,
                )}
              </ol>`
        }
        ${
          environments.length > 0 &&
          shown.length === 0 &&
          html`<div class="empty">
            <h2>Nothing fits</h2>
            <button type="button" onClick=${() => setQuery({ q: '', phase: '', repository: '', from: '' })}>
              Show all
            </button>
          </div>`
        }
      `
    }
    ${dialog && html`<${ProvisionDialog} repositories=${repositories} onClose=${() => setDialog(false)} onDone=${refresh} />`}
  `;
}

function sortOf(query) {
  return SORTS[query.get('sort')] ? query.get('sort') : 'attention';
}

function select(environments, query) {
  const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const [phase, repository] = [query.get('phase'), query.get('repository')];
  return environments
    .filter((one) => (!phase || one.phase === phase) && (!repository || one.repository === repository))
    .filter((one) => query.get('from') !== 'branch' || isOwn(one))
    .filter((one) => {
      if (words.length === 0) return true;
      const text = [
        one.name,
        one.ref,
        one.repository,
        one.imageTag,
        formatActor(one.actor),
        one.why,
        one.phase,
        one.url,
        isOwn(one) && OWN,
      ]
        .join('\n')
        .toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort(SORTS[sortOf(query)][1]);
}

/** How many are in each phase, and how many run manifests of their own; each count is a filter. */
function Counts({ environments, query, all }) {
  const counts = new Map();
  for (const { phase } of environments) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  const current = query.get('phase') ?? '';
  const own = environments.filter(isOwn).length;
  const isOwnOnly = query.get('from') === 'branch';
  const button = (label, count, isPressed, changes) =>
    html`<button type="button" class="chip" aria-pressed=${isPressed} onClick=${() => setQuery(changes)}>
      ${label} <span class="count">${count}</span>
    </button>`;
  const chip = (phase, label, count) =>
    button(label, count, current === phase, { phase: current === phase ? '' : phase });
  return html`<div class="counts" role="group" aria-label="Filter">
    ${button('All', environments.length, current === '' && !isOwnOnly, { phase: '', from: '' })}
    ${PHASES.filter(({ phase }) => counts.has(phase) || phase === current).map(({ phase }) =>
      chip(phase, html`<${Phase} phase=${phase} />`, counts.get(phase) ?? 0),
    )}
    ${(own > 0 || isOwnOnly) && button(OWN, own, isOwnOnly, { from: isOwnOnly ? '' : 'branch' })}
    <label class="check">
      <input type="checkbox" checked=${all} onChange=${(event) => setQuery({ all: event.target.checked ? '1' : '' })} />
      Show gone
    </label>
  </div>`;
}

function Row({ environment, now, withRepository }) {
  const { name, ref, repository, phase, imageTag, actor, at } = environment;
  const who = formatActor(actor);
  const whose = [withRepository && repository, isOwn(environment) && OWN].filter(Boolean).join(' · ');
  return html`<li class="row">
    <${Phase} phase=${phase} />
    <div class="branch">
      <${Link} to=${toPath('environments', name)} class="row-link" title=${ref}>${ref || name}<//>
      ${whose && html`<span class="quiet whose" title=${whose}>${whose}</span>`}
    </div>
    <${What} environment=${environment} now=${now} />
    <span class="tag" title=${imageTag ?? ''}>${shortTag(environment)}</span>
    <span class="actor quiet" title=${who && `asked for by ${who}`}>${who}</span>
    <span class="age quiet"><${Ago} at=${at} now=${now} /></span>
  </li>`;
}

/** An image tag without the name of its branch, which stands beside it. */
function shortTag({ name, ref, imageTag = '' }) {
  const start = [ref, name].map((one) => `${one}-`).find((one) => imageTag.startsWith(one));
  return start === undefined || start.length === imageTag.length ? imageTag : `…${imageTag.slice(start.length)}`;
}

/** The one thing to know of an environment: why it is not ready, else where it is. */
function What({ environment, now }) {
  const { namespace, phase, url, waitingFor, error, why, keepUntil, deleteAt, warnings } = environment;
  const tone = phaseOf(phase).tone;
  const reason = shorten(why, namespace) ?? WAITING[waitingFor] ?? error?.code;
  if (tone === 'bad' || phase === 'waiting' || (reason !== undefined && phase !== 'gone' && phase !== 'ready'))
    return html`<span class="what reason ${tone === 'bad' ? 'bad-text' : ''}" title=${reason}>${reason}</span>`;
  const address = safeUrl(url);
  const notes = [
    deleteAt && `goes ${formatRelative(deleteAt, now)}`,
    keepUntil && Date.parse(keepUntil) > now && `kept for ${formatRelative(keepUntil, now).replace('in ', '')}`,
    warnings > 0 && plural(warnings, 'warning'),
  ].filter(Boolean);
  return html`<span class="what">
    ${address && phase !== 'gone' && html`<a href=${address.href} target="_blank" rel="noopener noreferrer">${address.host}</a>`}
    ${notes.map((note) => html`<span class="quiet note-inline">${note}</span>`)}
  </span>`;
}

function Empty({ onProvision }) {
  return html`<div class="empty">
    <h2>No environment yet</h2>
    <p>Push a branch, and its environment appears here:</p>
    <pre>
git switch -c my-branch
git push -u origin my-branch</pre>
    <p class="quiet">
      Nothing comes? GitHub shows each delivery and its answer in the repository’s settings, Webhooks, Recent
      deliveries.
    </p>
    <button type="button" onClick=${onProvision}>Provision a branch by hand</button>
  </div>`;
}

/** `/` searches, j and k or the arrows walk the rows, Escape clears the search. */
function useKeys({ search, list }) {
  useEffect(() => {
    const onKey = (event) => {
      if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector('dialog[open]')) return;
      const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (event.key === 'Escape' && event.target === search.current) {
        setQuery({ q: '' });
        search.current.blur();
      } else if (event.key === 'ArrowDown' && event.target === search.current) walk(event, 1);
      else if (isTyping) return;
      else if (event.key === '/') {
        event.preventDefault();
        search.current?.focus();
        search.current?.select();
      } else if (event.key === 'j' || (event.key === 'ArrowDown' && isRow(event.target))) walk(event, 1);
      else if (event.key === 'k' || (event.key === 'ArrowUp' && isRow(event.target))) walk(event, -1);
    };
    const isRow = (element) => element.classList?.contains('row-link');
    const walk = (event, step) => {
      const links = [...(list.current?.querySelectorAll('.row-link') ?? [])];
      const index = links.indexOf(document.activeElement) + step;
      const next = links[Math.max(0, Math.min(index, links.length - 1))];
      if (next === undefined) return;
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: 'nearest' });
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
