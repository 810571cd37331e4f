export { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
