/** Of a container image: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull */
const IMAGE_TAG = /^\w[\w.-]{0,127}$/;

export function isImageTag(text: string): boolean {
  return IMAGE_TAG.test(text);
}

/** What IMAGE_TAG_TEMPLATE may hold beside plain text. */
const PLACEHOLDER = /\{(slug|sha(\d{0,2}))\}/g;
const SHORTEST = 7;
const LONGEST = 64;

/** The tag of a commit's image: `{slug}`, `{sha}`, and `{sha7}` to `{sha64}` for its first digits. */
export function toCommitTag(template: string, { slug, sha }: { slug: string; sha: string }): string {
  return template.replace(PLACEHOLDER, (_all, name: string, digits = '') => {
    if (name === 'slug') return slug;
    return digits === '' ? sha : sha.slice(0, Number(digits));
  });
}

/** Whether a template names the commit, and gives an image tag for the longest slug and commit. */
export function isTagTemplate(template: string): boolean {
  const lengths = [...template.matchAll(/\{sha(\d{0,2})\}/g)].map(([, digits]) => digits ?? '');
  const areSane = lengths.every((one) => one === '' || (Number(one) >= SHORTEST && Number(one) <= LONGEST));
  const filled = toCommitTag(template, { slug: 's'.repeat(55), sha: 'a'.repeat(LONGEST) });
  return lengths.length > 0 && areSane && isImageTag(filled);
}
