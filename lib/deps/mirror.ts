import type { Deps } from '../deps.ts';
import { answerDiagnosis } from '../diagnosis/answer-diagnosis.ts';
import type { Log } from '../environment/ports/ports.ts';
import { receiveKeep } from '../intake/keep.ts';
import { receiveManual } from '../intake/manual.ts';
import { answerObserved } from '../intake/observed.ts';
import { answerStatus } from '../intake/status.ts';
import { answerIdentities } from '../page/answer-identities.ts';
import { answerLogs } from '../page/answer-logs.ts';
import type { MirrorRoute } from '../page/mirror.ts';
import { answerSweep } from '../sweep/answer-sweep.ts';

const SLUG = '([a-z0-9-]{1,63})';

/** What signed-in people reach, by the same code as those who hold function keys. */
export function mirrorRoutes(deps: Deps, log: Log): MirrorRoute[] {
  const { records } = deps;
  const ports = () => deps.portsFor(log);
  const manual = (reason: 'provision' | 'deprovision'): MirrorRoute => ({
    method: 'POST',
    pattern: new RegExp(`^${reason}$`),
    answer: async ({ person, body, requestId }) =>
      receiveManual(deps.manualDeps(log), {
        reason,
        bytes: await body(),
        statusUrl: '/api/ui-api/environments/',
        requestId,
        actor: { kind: 'user', name: person.name },
      }),
  });
  return [
    {
      method: 'GET',
      pattern: new RegExp(`^environments(?:/${SLUG})?$`),
      answer: async ({ name, query, header, requestId }) => {
        const ifNoneMatch = header('if-none-match');
        if (name === '' && query.get('observed') === '1')
          return answerObserved(deps.observedDeps(log), { ifNoneMatch, requestId });
        return answerStatus(deps.statusDeps(log), {
          name: name === '' ? undefined : name,
          all: query.get('all') === '1',
          live: query.get('live') === '1',
          ifNoneMatch,
          requestId,
        });
      },
    },
    {
      method: 'GET',
      pattern: new RegExp(`^environments/${SLUG}/diagnosis$`),
      answer: async ({ name, requestId }) => answerDiagnosis({ log, records, ports }, { name, requestId }),
    },
    {
      method: 'GET',
      pattern: new RegExp(`^environments/${SLUG}/logs$`),
      answer: async ({ name, requestId }) => answerLogs(deps.logsDeps(log), { name, requestId }),
    },
    {
      method: 'GET',
      pattern: /^identities$/,
      answer: async ({ requestId }) => answerIdentities({ slots: deps.identitySlots, log }, requestId),
    },
    {
      method: 'GET',
      pattern: /^preflight$/,
      // what makes and deletes a namespace is not for a GET of the page
      answer: async () => ({ status: 200, body: { ...(await deps.preflight({ write: false })) } }),
    },
    {
      method: 'GET',
      pattern: /^health\/checks$/,
      answer: async () => ({ status: 200, body: { ...(await deps.health()) } }),
    },
    manual('provision'),
    manual('deprovision'),
    {
      method: 'POST',
      pattern: new RegExp(`^environments/${SLUG}/keep$`),
      answer: async ({ person, name, body, requestId }) =>
        receiveKeep(deps.keepDeps(log), {
          name,
          bytes: await body(),
          statusUrl: '/api/ui-api/environments/',
          requestId,
          actor: { kind: 'user', name: person.name },
        }),
    },
    {
      method: 'POST',
      pattern: /^sweep$/,
      answer: async ({ person, body, requestId }) =>
        answerSweep({ log, ports }, { bytes: await body(), requestId, actor: { kind: 'user', name: person.name } }),
    },
  ];
}
