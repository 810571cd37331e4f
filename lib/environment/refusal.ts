export type Guard =
  | 'record'
  | 'name'
  | 'protected'
  | 'owner'
  | 'uid'
  | 'credential'
  | 'branch'
  | 'filter'
  | 'capacity'
  | 'render'
  | 'policies';

/** A no: which guard said it, and why, in words that mend it. */
export interface Refusal {
  guard: Guard;
  reason: string;
}
