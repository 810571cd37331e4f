export { ManagedServiceIdentityClient } from '@azure/arm-msi';
