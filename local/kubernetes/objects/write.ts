import type { Behaviour } from '../http/options.ts';
import type { Objects, Place, StoredObject } from './objects.ts';
import type { Attempt } from '../control/authorization.ts';
import type { Models } from './schema.ts';

export interface World {
  objects: Objects;
  behaviour: Behaviour;
  models: Models;
  now(): number;
}

/** A write: who sends it, what, and whether it is a dry run. */
export interface Write {
  attempt: Attempt;
  place: Place;
  query: URLSearchParams;
  dryRun: boolean;
}

export interface Written {
  status: number;
  object: StoredObject;
}
