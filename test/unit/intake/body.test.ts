import { describe, expect, it } from '@jest/globals';
import {
  NO_IMAGE_TAG,
  decode,
  isTagOrNone,
  readFields,
  readPayload,
  refuseOtherThanJson,
  toMediaType,
} from '../../../lib/intake/body.ts';

const NO_FORM = { malformed: 'the form is not exactly one field named payload' };
const NO_JSON = { malformed: 'the body is not JSON' };

describe('a media type', () => {
  it.each<[string | undefined, 'json' | 'form' | undefined]>([
    ['application/json', 'json'],
    ['Application/JSON ; charset=utf-8', 'json'],
    ['application/x-www-form-urlencoded', 'form'],
    [' Application/X-WWW-Form-Urlencoded;charset=utf-8', 'form'],
    ['text/plain; application/json', undefined],
    ['application/jsonp', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is read as %p, whatever its case and its parameters', (contentType, mediaType) => {
    expect(toMediaType(contentType)).toBe(mediaType);
  });

  it.each(['text/plain', '', 'application/x-www-form-urlencoded'])('%j is refused where JSON is wanted', (type) => {
    expect(refuseOtherThanJson({ contentType: type, requestId: 'call-1' })).toStrictEqual({
      status: 415,
      body: {
        outcome: 'error',
        error: {
          code: 'media-type',
          message: 'Content-Type is not application/json (curl: --json, or -H "content-type: application/json")',
        },
        requestId: 'call-1',
      },
    });
  });

  it('is no matter where it is JSON, or where none is handed over', () => {
    expect(refuseOtherThanJson({ contentType: 'application/json; charset=utf-8', requestId: 'r' })).toBeUndefined();
    expect(refuseOtherThanJson({ requestId: 'r' })).toBeUndefined();
  });
});

describe('the payload of a body', () => {
  it.each<[string, 'json' | 'form', object]>([
    ['{"a":1}', 'json', { payload: { a: 1 } }],
    ['{', 'json', NO_JSON],
    ['', 'json', { malformed: 'the body does not begin with {' }],
    ['7', 'json', { malformed: 'the body does not begin with {' }],
    ['x{}', 'json', { malformed: 'the body does not begin with {' }],
    ['\ufeff{}', 'json', { malformed: 'the body does not begin with {' }],
    ['payload={}', 'json', { malformed: 'the body does not begin with {' }],
    ['payload={"a":1}', 'form', { payload: { a: 1 } }],
    ['payload=%7B%22a%22%3A+1%7D', 'form', { payload: { a: 1 } }],
    ['payload={', 'form', NO_JSON],
    ['payload=', 'form', NO_JSON],
    ['', 'form', NO_FORM],
    ['a={}', 'form', NO_FORM],
    ['payload={}&b={}', 'form', NO_FORM],
    ['b={}&payload={}', 'form', NO_FORM],
    ['payload={}&payload={}', 'form', NO_FORM],
    // one field named payload to a reader of forms, and the beginning of JSON to any other
    ['{&payload={}', 'form', NO_FORM],
    ['{"a":1}', 'form', NO_FORM],
  ])('%j as %s is %j', (text, mediaType, read) => {
    expect(readPayload(Buffer.from(text), mediaType)).toStrictEqual(read);
  });

  it.each(['json', 'form'] as const)('is none where the bytes are not UTF-8, as %s', (mediaType) => {
    const bytes = Buffer.concat([Buffer.from(mediaType === 'json' ? '{"a":"' : 'payload={}'), Buffer.from([0xff])]);
    expect(readPayload(bytes, mediaType)).toStrictEqual({ malformed: 'the body is not UTF-8' });
  });

  it('keeps its byte order mark, which no signature leaves out', () => {
    expect(decode(Buffer.from('\ufeffü'))).toBe('\ufeffü');
    expect(decode(Buffer.from([0xc3]))).toBeUndefined();
  });
});

describe('the fields of a body', () => {
  it.each<[string, object]>([
    ['{}', { fields: {} }],
    ['{"b":null,"a":1}', { fields: { a: 1, b: null } }],
    ['{', NO_JSON],
    ['[]', { malformed: 'the body is not a JSON object' }],
    ['null', { malformed: 'the body is not a JSON object' }],
    ['{"a":1,"c":2}', { malformed: 'field "c" is not known; the fields are a, b' }],
    [`{"${'c'.repeat(41)}":2}`, { malformed: `field "${'c'.repeat(40)}" is not known; the fields are a, b` }],
  ])('%s are read as %j, or what is wrong with them is', (text, read) => {
    expect(readFields(text, ['a', 'b'])).toStrictEqual(read);
  });

  it.each<[unknown, boolean]>([
    [undefined, true],
    ['v1', true],
    ['a b', false],
    ['', false],
    [null, false],
    [7, false],
    [['v1'], false],
  ])('hold with %j an image tag or none: %p', (imageTag, isOne) => {
    expect(isTagOrNone(imageTag)).toBe(isOne);
  });

  it('say of a tag that is none what one is made of', () => {
    expect(NO_IMAGE_TAG).toStrictEqual({
      malformed: 'imageTag is not an image tag: a letter, digit or _ and up to 127 of letters, digits, _ . -',
    });
  });
});
