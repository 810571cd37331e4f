import { html, useEffect, useState } from '../vendor/preact.js';
import { DeprovisionDialog } from '../dialogs/deprovision.js';
import { KeepDialog } from '../dialogs/keep.js';
import { ProvisionDialog } from '../dialogs/provision.js';
import { formatActor, formatRelative, lastSegment, plural, safeUrl, shorten } from '../format.js';
import { Ago, CopyButton, Loading, Note, Phase } from '../parts.js';
import { useNow, usePoll } from '../poll.js';
import { Link, toPath } from '../router.js';
import { Problem } from '../shell.js';
import { Chain } from './parts/chain.js';
import { Changes } from './parts/changes.js';
import { History } from './parts/history.js';
import { Life } from './parts/life.js';
import { Logs } from './parts/logs.js';
import { OwnManifests } from './parts/own-manifests.js';
import { Events, Objects } from './parts/objects.js';
import { Requested } from './parts/requested.js';

const BUSY = new Set(['queued', 'provisioning', 'starting', 'deleting']);

/** One environment: what is wrong and what to do about it, then everything that is known. */
export function EnvironmentView({ name }) {
  const path = `environments/${encodeURIComponent(name)}`;
  const record = usePoll('environments', path, (one) => (BUSY.has(one?.phase) ? 2_000 : 5_000));
  const isThere = record.data !== undefined && record.data.phase !== 'gone';
  const live = usePoll('environments', isThere ? `${path}?live=1` : undefined, () => 10_000);
  const [dialog, setDialog] = useState(undefined);
  const now = useNow(1_000);
  useEffect(() => {
    document.title = `${record.data?.ref ?? name} · Feature branches`;
  }, [record.data?.ref, name]);

  if (record.problem?.kind === 'denied') return html`<${Problem} problem=${record.problem} fn="environments" />`;
  if (record.problem?.kind === 'missing') return html`<${Missing} name=${name} />`;
  if (record.data === undefined) {
    return record.problem ? html`<${Problem} problem=${record.problem} fn="environments" />` : html`<${Loading} />`;
  }
  const environment = record.data;
  const state = live.data?.live ?? {};
  // where nothing was applied there is no chain to be broken
  const isApplied = (environment.inventory ?? []).length > 0;
  const close = () => setDialog(undefined);
  const done = () => {
    close();
    record.refresh();
  };
  return html`
    <${Problem} problem=${record.problem} fn="environments" at=${record.at} />
    <${Head} environment=${environment} now=${now} onAct=${setDialog} />
    <${Reasons} environment=${environment} now=${now} />
    <div class="columns">
      <div class="main">
        <${Logs} environment=${environment} live=${state} path=${path} />
        <${Objects} environment=${environment} live=${state} isUnknown=${live.problem !== undefined} />
        <${Events} live=${state} now=${now} />
        <${OwnManifests} environment=${environment} />
        ${isThere && html`<${Changes} environment=${environment} />`}
        <${History} environment=${environment} now=${now} />
      </div>
      <div class="side">
        <${Life} environment=${environment} now=${now} />
        ${isThere && isApplied && html`<${Chain} path=${path} phase=${environment.phase} />`}
        <${Requested} live=${state} now=${now} />
      </div>
    </div>
    ${
      dialog === 'provision' &&
      html`<${ProvisionDialog} environment=${environment} repositories=${[]} onClose=${close} onDone=${done} />`
    }
    ${dialog === 'keep' && html`<${KeepDialog} environment=${environment} onClose=${close} onDone=${done} />`}
    ${dialog === 'deprovision' && html`<${DeprovisionDialog} environment=${environment} onClose=${close} onDone=${done} />`}
  `;
}

function Head({ environment, now, onAct }) {
  const { name, ref, repository, namespace, phase, imageTag, url, event, identity, keepUntil, deleteAt } = environment;
  const address = safeUrl(url);
  const who = formatActor(event?.actor);
  const isKept = keepUntil !== undefined && Date.parse(keepUntil) > now;
  return html`<header class="head">
    <p class="crumb"><${Link} to=${toPath()}>Environments<//> <span aria-hidden="true">/</span></p>
    <div class="title">
      <h1>${ref || name}</h1>
      <${Phase} phase=${phase} />
      <div class="actions">
        ${
          address &&
          phase !== 'gone' &&
          html`<a
            class="button ${phase === 'ready' ? 'primary' : ''}"
            href=${address.href}
            target="_blank"
            rel="noopener noreferrer"
          >
            Open <span aria-hidden="true">↗</span>
          </a>`
        }
        <button type="button" onClick=${() => onAct('provision')}>Provision again</button>
        ${
          phase !== 'gone' &&
          html`<button type="button" onClick=${() => onAct('keep')}>Keep</button>
            <button type="button" class="danger" onClick=${() => onAct('deprovision')}>Deprovision</button>`
        }
      </div>
    </div>
    <dl class="facts">
      ${address && fact('Address', html`<a href=${address.href} target="_blank" rel="noopener noreferrer">${address.host}</a>`)}
      ${fact('Repository', repository?.fullName)}
      ${fact('Namespace', html`<span class="mono">${namespace}</span> <${CopyButton} text=${namespace} />`)}
      ${imageTag && fact('Image tag', html`<span class="mono">${imageTag}</span>`)}
      ${environment.from === 'branch' && fact('Manifests', 'the branch’s own')}
      ${identity && fact('Identity', html`<span class="mono">${lastSegment(identity)}</span>`)}
      ${who && fact('Asked for by', who)}
      ${fact('Last activity', html`<${Ago} at=${environment.activityAt} now=${now} /> ago`)}
      ${isKept && fact('Kept', formatRelative(keepUntil, now))}
      ${deleteAt && fact('Goes', formatRelative(deleteAt, now))}
    </dl>
  </header>`;
}

function fact(label, value) {
  return html`<div>
    <dt>${label}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** Everything that says why it is as it is, the cause first. */
function Reasons({ environment, now }) {
  const { namespace, phase, error, refused, waitingOn, stop, warnings = [], next } = environment;
  const reasons = (environment.reasons ?? []).filter(({ cause }) => cause !== error?.message);
  return html`
    ${
      error &&
      html`<${Note} tone=${phase === 'failed' ? 'bad' : 'warn'} title=${error.message} fix=${error.fix}>
        <p class="quiet">
          ${[shorten(error.object, namespace), error.step && `in step ${error.step}`, error.code].filter(Boolean).join(' · ')}
          ${error.retryable ? ' · tried again by itself' : ''}
        </p>
      <//>`
    }
    ${
      refused &&
      html`<${Note} tone="bad" title=${refused.reason}
        ><p class="quiet">Refused by guard ${refused.guard}; nothing was written.</p><//
      >`
    }
    ${
      phase === 'waiting' &&
      html`<${Note} tone="warn" title=${`Waiting for ${waitingOn ?? environment.waitingFor ?? 'its turn'}`}>
        ${next?.at && html`<p class="quiet">Checked again ${formatRelative(next.at, now)}.</p>`}
      <//>`
    }
    ${
      phase === 'starting' &&
      !error &&
      (waitingOn || reasons.length > 0) &&
      html`<${Note}
        tone="info"
        title=${reasons.length === 0 ? `Starting: ${shorten(waitingOn, namespace)}` : `Starting: ${plural(reasons.length, 'object')} not ready yet`}
      />`
    }
    ${
      reasons.length > 0 &&
      html`<ul class="reasons">
        ${reasons.map(
          ({ object, cause, since, fix }) =>
            html`<li>
              <span class="mono">${shorten(object, namespace)}</span> ${cause}
              ${since && html` <span class="quiet">for <${Ago} at=${since} now=${now} /></span>`}
              ${fix && html`<p class="fix"><span>Fix</span> ${fix}</p>`}
            </li>`,
        )}
      </ul>`
    }
    ${stop && phase !== 'gone' && html`<${Note} tone="info" title=${`Stopped: ${stop.why}`} />`}
    ${
      warnings.length > 0 &&
      html`<${Note} tone="warn" title=${plural(warnings.length, 'warning')}>
        <ul>
          ${warnings.map((warning) => html`<li>${warning}</li>`)}
        </ul>
      <//>`
    }
  `;
}

function Missing({ name }) {
  return html`<div class="empty">
    <h2>No environment is called ${name}</h2>
    <p class="quiet">One that was just asked for appears within seconds: this page keeps asking.</p>
    <${Link} to=${toPath()} class="button">All environments<//>
  </div>`;
}
