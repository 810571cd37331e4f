/** Suffixes of Kubernetes quantities. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const SUFFIXES: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity as a number: `250m` is 0.25, `64Mi` is 67108864; 0 for what is none. */
export function parseQuantity(text: unknown): number {
  const [, number, suffix = ''] = /^([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(text)) ?? [];
  const factor = SUFFIXES[suffix];
  return number === undefined || factor === undefined ? 0 : Number(number) * factor;
}
