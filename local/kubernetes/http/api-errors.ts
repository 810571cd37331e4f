import type { Kind } from '../objects/kinds.ts';

interface Cause {
  reason?: string;
  message: string;
  field?: string;
}

/** An answer that is not a success, with a `Status` as the API server words it. */
export class ApiFault extends Error {
  readonly status: number;
  readonly reason: string | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(status: number, message: string, about: { reason?: string; details?: Record<string, unknown> } = {}) {
    super(message);
    this.status = status;
    this.reason = about.reason;
    this.details = about.details;
  }

  get body(): object {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason && { reason: this.reason }),
      ...(this.details && { details: this.details }),
      code: this.status,
    };
  }
}

interface Subject {
  kind: Kind;
  name: string;
}

export function detailsOf({ kind, name }: Subject, causes?: Cause[]): Record<string, unknown> {
  return {
    ...(name && { name }),
    ...(kind.group && { group: kind.group }),
    kind: kind.plural,
    ...(causes && { causes }),
  };
}

function resourceOf({ group, plural }: Kind): string {
  return group ? `${plural}.${group}` : plural;
}

export function notFound(subject: Subject): ApiFault {
  const details = detailsOf(subject);
  return new ApiFault(404, `${resourceOf(subject.kind)} "${subject.name}" not found`, { reason: 'NotFound', details });
}

export function noSuchResource(): ApiFault {
  return new ApiFault(404, 'the server could not find the requested resource', { reason: 'NotFound', details: {} });
}

export function alreadyExists(subject: Subject, options: { deleted: boolean }): ApiFault {
  const message = `${resourceOf(subject.kind)} "${subject.name}" already exists`;
  return new ApiFault(409, options.deleted ? `object is being deleted: ${message}` : message, {
    reason: 'AlreadyExists',
    details: detailsOf(subject),
  });
}

export function conflict(subject: Subject, why: string): ApiFault {
  const message = `Operation cannot be fulfilled on ${resourceOf(subject.kind)} "${subject.name}": ${why}`;
  return new ApiFault(409, message, { reason: 'Conflict', details: detailsOf(subject) });
}

export function fieldConflict(fields: { manager: string; field: string }[]): ApiFault {
  const causes = fields.map(({ manager, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${manager}"`,
    field,
  }));
  const words = causes.map(({ message, field }) => `${message}: ${field}`).join('\n- ');
  const count = fields.length === 1 ? '1 conflict' : `${fields.length} conflicts`;
  return new ApiFault(409, `Apply failed with ${count}: ${words}`, { reason: 'Conflict', details: { causes } });
}

export function forbidden(subject: Subject, why: string, causes?: Cause[]): ApiFault {
  const named = subject.name ? `${resourceOf(subject.kind)} "${subject.name}"` : resourceOf(subject.kind);
  return new ApiFault(403, `${named} is forbidden: ${why}`, {
    reason: 'Forbidden',
    details: detailsOf(subject, causes),
  });
}

export function invalid(subject: Subject, fault: { field: string; message: string }): ApiFault {
  const { kind, name } = subject;
  const cause = { reason: 'FieldValueInvalid', message: fault.message, field: fault.field };
  const named = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  return new ApiFault(422, `${named} "${name}" is invalid: ${fault.field}: ${fault.message}`, {
    reason: 'Invalid',
    details: { name, ...(kind.group && { group: kind.group }), kind: kind.kind, causes: [cause] },
  });
}

export function badRequest(message: string): ApiFault {
  return new ApiFault(400, message, { reason: 'BadRequest' });
}

export function unauthorized(): ApiFault {
  return new ApiFault(401, 'Unauthorized', { reason: 'Unauthorized' });
}

/** A body that does not fit the schema: 500 and no reason, as the real one says it under server-side apply. */
export function schemaFault(object: { namespace?: string; name: string; kind: Kind }, fault: string): ApiFault {
  const { group, version, kind } = object.kind;
  const named = `${object.namespace ?? ''}/${object.name}; ${group}/${version}, Kind=${kind}`;
  return new ApiFault(500, `failed to create typed patch object (${named}): ${fault}`);
}
