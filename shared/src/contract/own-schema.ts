import { Ajv, type Options, type ValidateFunction } from "ajv";

/** A schema of ours with Ajv's options for it. */
export interface OwnSchema {
  readonly schema: object;
  readonly options: Options;
}

/** What has been compiled so far, for the build of the bundles, which compiles it beforehand. */
export const OWN_SCHEMAS: OwnSchema[] = [];

/**
 * Compiles a schema of ours. It is a constant, so that a test compares it with JSON Schema's meta-schema and not each start: to
 * compile that takes Ajv longer than all schemas of ours together (measured: 100 of 410 ms of a worker's start). The bundles hold
 * another module of this name, with the validators themselves (infra/image/own-validators.mjs).
 */
export function compileOwn<T>(schema: object, options: Options = {}): ValidateFunction<T> {
  OWN_SCHEMAS.push({ schema, options });
  return new Ajv({ ...options, ...AS_IT_STANDS }).compile<T>(schema);
}

export const AS_IT_STANDS = { meta: false, validateSchema: false } as const;
