import { stringifyExact } from '../../exact-json.ts';
import type { KubeObject } from '../ports/cluster.ts';
import type { Overlays, Ports } from '../ports/ports.ts';
import type { EnvironmentRecord, TemplateDifference } from '../model/record.ts';
import type { Refusal } from '../model/guards.ts';
import { renderDraft } from './render.ts';

export type Template = { kind: 'template'; overlays: Overlays } | { kind: 'refused'; refusal: Refusal };

/** The overlays of one environment: the app's, or the manifests that its branch brought along. */
export async function loadTemplate(
  ports: Pick<Ports, 'overlays' | 'branchTemplates' | 'settings'>,
  record: Pick<EnvironmentRecord, 'name' | 'manifests'>,
): Promise<Template> {
  if (record.manifests === undefined) return { kind: 'template', overlays: ports.overlays };
  const refused = (reason: string): Template => ({ kind: 'refused', refusal: { guard: 'render', reason } });
  if (ports.branchTemplates === undefined || ports.settings.branchManifests !== true)
    return refused(
      'the environment runs its branch’s own manifests; set BRANCH_MANIFESTS=true, or send {"manifests":null} from CI',
    );
  const overlays = await ports.branchTemplates.load(record.name, record.manifests);
  return overlays === undefined
    ? refused('the branch’s own manifests are not stored any more; run its CI job again')
    : { kind: 'template', overlays };
}

/** How the branch's own manifests differ from what the app's overlays would make; undefined if those do not render. */
export function toDifference(
  ports: Pick<Ports, 'overlays' | 'settings'>,
  options: { record: EnvironmentRecord; draft: readonly KubeObject[] },
): TemplateDifference | undefined {
  const app = renderDraft({ ports, record: options.record });
  if (app.kind === 'refused') return undefined;
  const theirs = toTexts(options.draft);
  const ours = toTexts(app.objects);
  const only = (of: Map<string, string>, other: Map<string, string>) => [...of.keys()].filter((key) => !other.has(key));
  return {
    added: only(theirs, ours),
    changed: [...theirs.keys()].filter((key) => ours.has(key) && ours.get(key) !== theirs.get(key)),
    removed: only(ours, theirs),
  };
}

function toTexts(objects: readonly KubeObject[]): Map<string, string> {
  return new Map(
    objects.map((object) => [`${object.kind}/${object.metadata.name}`, stringifyExact(object, { sortKeys: true })]),
  );
}
