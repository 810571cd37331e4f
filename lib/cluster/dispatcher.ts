export { Agent } from 'undici';
