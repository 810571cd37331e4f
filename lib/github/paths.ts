/** `/repos/owner/name`, encoded. */
export function repositoryPath(fullName: string): string {
  return `/repos/${encodePath(fullName)}`;
}

/** Undefined where a ref can't be put into a URL: half a character (a lone surrogate), or a path segment of dots. */
export function refPath(fullName: string, ref: string): string | undefined {
  if (!ref.isWellFormed() || ref.split('/').some((part) => /^\.*$/.test(part))) return undefined;
  return `${repositoryPath(fullName)}/git/ref/heads/${encodePath(ref)}`;
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
