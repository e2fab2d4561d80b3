import AjvCompiler from "@fastify/ajv-compiler";
import SerializerSelector from "@fastify/fast-json-stringify-compiler";
import type { FastifyServerOptions } from "fastify";

/**
 * Fastify's own compilers of schemas, each schema compiled when its route first meets it: all of them together are a quarter of the api's
 * start (measured), and most instances meet one or two. A schema that does not compile fails its route, which its test finds out.
 */
export const LAZY_SCHEMAS: SchemaController = {
  compilersFactory: {
    buildValidator: lazily(AjvCompiler(), (compiled) => {
      const validate: Validate = (data) => {
        const isValid = compiled()(data);
        validate.errors = compiled().errors;
        return isValid;
      };
      return validate;
      // Fastify calls it and reads its errors; its types ask for everything that Ajv's own function has.
    }) as unknown as SchemaCompilers["buildValidator"],
    buildSerializer: lazily(SerializerSelector(), (compiled) => (data: unknown) => compiled()(data)),
  },
};

type SchemaController = NonNullable<FastifyServerOptions["schemaController"]>;
type SchemaCompilers = Required<NonNullable<SchemaController["compilersFactory"]>>;

interface Validate {
  (data: unknown): unknown;
  errors?: ReturnType<ReturnType<ReturnType<typeof AjvCompiler>>>["errors"];
}

/** `build` makes a compiler, and that a function of one route: neither before the function is called. */
function lazily<Settings extends unknown[], Route, Made, Wrapped>(
  build: (...settings: Settings) => (route: Route) => Made,
  wrap: (compiled: () => Made) => Wrapped,
): (...settings: Settings) => (route: Route) => Wrapped {
  return (...settings) => {
    const compiler = once(() => build(...settings));
    return (route) => wrap(once(() => compiler()(route)));
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
