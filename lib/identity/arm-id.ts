import { ProvisionerError } from '../errors.ts';

export interface ArmId {
  subscription: string;
  resourceGroup: string;
  name: string;
}

const SHAPE = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+\/[^/]+)\/([^/]+)\/?$/i;

/** Takes the ARM id of a resource apart; throws `settings` where it is not one of the given type. */
export function parseArmId(id: string, type: string): ArmId {
  const [, subscription, resourceGroup, found, name] = SHAPE.exec(id) ?? [];
  if (subscription && resourceGroup && name && found?.toLowerCase() === type.toLowerCase())
    return { subscription, resourceGroup, name };
  throw new ProvisionerError('settings', `${id} is not the ARM id of a ${type}`);
}

export function parseIdentityId(id: string): ArmId {
  return parseArmId(id, 'Microsoft.ManagedIdentity/userAssignedIdentities');
}

/** ARM ids are told apart without their case. */
export function isSameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
