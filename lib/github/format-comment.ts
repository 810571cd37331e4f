import type { Comment } from '../environment/model/reporting/comment.ts';

/** Begins each comment of ours, unseen: another word makes a second comment on every open pull request. */
export function toMark(slug: string): string {
  return `<!-- feature-branch-provisioner: ${slug} -->`;
}

/** The comment as Markdown. Texts of others stand in code spans, where they can neither link, mention nor break the table. */
export function formatComment(
  { state, url, imageTag, deleteAt, why, remarks, ownManifests }: Comment,
  { slug, pageUrl }: { slug: string; pageUrl: string | undefined },
): string {
  const rows = [
    url === undefined ? undefined : ['Address', isWebAddress(url) ? `<${url}>` : code(url)],
    imageTag === undefined ? undefined : ['Image tag', code(imageTag)],
    ownManifests === undefined ? undefined : ['Manifests', `the branch’s own: ${ownManifests}`],
    deleteAt === undefined ? undefined : ['Goes at', `${deleteAt.slice(0, 16).replace('T', ' ')} UTC`],
    why === undefined ? undefined : ['Why', code(why)],
    remarks === undefined ? undefined : ['Remarks', code(remarks)],
    pageUrl === undefined ? undefined : ['Details', `<${pageUrl}${slug}>`],
  ].filter((row) => row !== undefined);
  const table = rows.length === 0 ? [] : ['', '| | |', '|---|---|', ...rows.map(([a, b]) => `| ${a} | ${b} |`)];
  return [toMark(slug), `**Environment ${code(slug)}** ${VERBS[state] ?? `is ${state}`}.`, ...table].join('\n');
}

const VERBS: Partial<Record<string, string>> = { failed: 'has failed', refused: 'was refused' };

function isWebAddress(url: string): boolean {
  return /^https?:\/\/[^\s<>|]+$/.test(url);
}

const LONGEST = 500;

function code(text: string): string {
  const line = text.replace(/\s+/g, ' ').replaceAll('`', "'").replaceAll('|', '\\|').trim();
  return `\`${line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`}\``;
}
