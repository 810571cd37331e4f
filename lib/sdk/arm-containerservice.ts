export { ContainerServiceClient } from '@azure/arm-containerservice';
