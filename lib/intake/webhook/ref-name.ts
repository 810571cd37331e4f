const MAX_BYTES = 255;

/** Why git would refuse the branch name, in words, or undefined where it takes it (git check-ref-format). */
export function checkBranchName(name: unknown): string | undefined {
  if (name === undefined || name === null) return 'branch is missing';
  if (typeof name !== 'string') return 'branch is not a string';
  if (name === '') return 'branch is empty';
  if (!name.isWellFormed()) return 'branch is not valid Unicode';
  if (Buffer.byteLength(name) > MAX_BYTES) return `branch is over ${MAX_BYTES} bytes`;
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'branch has a control character';
  const bad = /[ ~^:?*[\\]/.exec(name)?.[0];
  if (bad !== undefined) return `branch has ${JSON.stringify(bad)}, which git refuses`;
  if (name.includes('..')) return 'branch has "..", which git refuses';
  if (name.includes('@{')) return 'branch has "@{", which git refuses';
  if (name === '@') return 'branch is "@", which git refuses';
  if (name.endsWith('.')) return 'branch ends with a dot';
  const parts = name.split('/');
  if (parts.some((part) => part === '')) return 'branch begins or ends with a slash, or has two in a row';
  if (parts.some((part) => part.startsWith('.'))) return 'a part of branch begins with a dot';
  if (parts.some((part) => part.endsWith('.lock'))) return 'a part of branch ends with .lock';
  return undefined;
}
