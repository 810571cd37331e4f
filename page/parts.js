import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { formatAge, formatTime } from './format.js';

/* Small parts that every view uses. */

/** Phases, the most urgent first, with the shape that tells them apart without colour. */
export const PHASES = [
  { phase: 'failed', tone: 'bad', icon: 'cross' },
  { phase: 'refused', tone: 'bad', icon: 'bar' },
  { phase: 'waiting', tone: 'warn', icon: 'pause' },
  { phase: 'queued', tone: 'busy', icon: 'ring' },
  { phase: 'provisioning', tone: 'busy', icon: 'ring' },
  { phase: 'starting', tone: 'busy', icon: 'ring' },
  { phase: 'deleting', tone: 'busy', icon: 'ring' },
  { phase: 'expiring', tone: 'warn', icon: 'clock' },
  { phase: 'ready', tone: 'good', icon: 'check' },
  { phase: 'gone', tone: 'none', icon: 'hollow' },
];

const KNOWN = new Map(PHASES.map((one, rank) => [one.phase, { ...one, rank }]));

export function phaseOf(phase) {
  return KNOWN.get(phase) ?? { phase, tone: 'none', icon: 'hollow', rank: PHASES.length };
}

const SHAPES = {
  cross: 'M5.5 5.5l5 5M10.5 5.5l-5 5',
  bar: 'M5 8h6',
  pause: 'M6.4 5.6v4.8M9.6 5.6v4.8',
  clock: 'M8 5v3.2l2 1.3',
  check: 'M5.2 8.2l2 2 3.6-4',
  minus: 'M5.5 8h5',
  question: 'M6.3 6.4a1.7 1.7 0 1 1 2.5 1.5c-.5.3-.8.6-.8 1.1M8 11v.1',
};

/** A round icon of a tone; beside a word that says the same. */
export function Icon({ icon, tone }) {
  if (icon === 'ring') return html`<span class="ring" aria-hidden="true"></span>`;
  return html`<svg class="icon ${tone}" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <circle cx="8" cy="8" r="7" />
    ${SHAPES[icon] && html`<path d=${SHAPES[icon]} />`}
  </svg>`;
}

export function Phase({ phase }) {
  const { tone, icon } = phaseOf(phase);
  return html`<span class="phase ${tone}"><${Icon} icon=${icon} tone=${tone} />${phase}</span>`;
}

/** How long ago, with the exact time where one points at it. */
export function Ago({ at, now }) {
  if (!at || Number.isNaN(Date.parse(at))) return null;
  return html`<time datetime=${at} title=${formatTime(at)}>${formatAge(Math.max(0, now - Date.parse(at)))}</time>`;
}

const SLOW_MS = 6_000;
const ONE_WAIT_MS = 500;

/** Since when a person waits, over what is loaded one after another; from the first moment of the page on. */
const wait = { since: 0, until: Infinity };

/** Says that something is being loaded, and after some seconds that it takes long: nothing is wrong yet. */
export function Loading() {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const now = performance.now();
    if (now - wait.until > ONE_WAIT_MS) wait.since = now;
    const timer = setTimeout(() => setSlow(true), SLOW_MS - (now - wait.since));
    return () => {
      clearTimeout(timer);
      wait.until = performance.now();
    };
  }, []);
  return html`<p class="quiet loading" role="status">
    ${isSlow ? 'Still loading: the network or the app is slow.' : 'Loading …'}
  </p>`;
}

/** Copies a text, and says so. */
export function CopyButton({ text, label = 'Copy' }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said === '') return undefined;
    const timer = setTimeout(() => setSaid(''), 2_000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied'),
      () => setSaid('Not copied'),
    );
  return html`<button type="button" class="plain" onClick=${copy} aria-live="polite">${said || label}</button>`;
}

/** A modal dialog by the browser's own element: focus stays in it, Escape closes it. */
export function Dialog({ title, onClose, children }) {
  const ref = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
    return () => before?.focus?.();
  }, []);
  const onPointerDown = (event) => event.target === ref.current && onClose();
  return html`<dialog ref=${ref} aria-labelledby="dialog-title" onClose=${onClose} onMouseDown=${onPointerDown}>
    <div class="dialog">
      <header>
        <h2 id="dialog-title">${title}</h2>
        <button type="button" class="plain close" aria-label="Close" onClick=${onClose}>×</button>
      </header>
      ${children}
    </div>
  </dialog>`;
}

/** A box that says what is wrong or noteworthy, and what to do. */
export function Note({ tone, title, fix, children }) {
  const icon = { bad: 'cross', warn: 'pause', info: 'minus' }[tone];
  return html`<div class="note ${tone}" role=${tone === 'bad' ? 'alert' : 'status'}>
    <${Icon} icon=${icon} tone=${tone === 'info' ? 'none' : tone} />
    <div>
      <p class="note-title">${title}</p>
      ${children} ${fix && html`<p class="fix"><span>Fix</span> ${fix}</p>`}
    </div>
  </div>`;
}

/** A part of a view with its heading. */
export function Section({ title, aside, children, ...rest }) {
  return html`<section class="section" ...${rest}>
    <header>
      <h2>${title}</h2>
      ${aside && html`<div class="aside">${aside}</div>`}
    </header>
    ${children}
  </section>`;
}
