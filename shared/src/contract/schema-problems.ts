import type { ErrorObject } from "ajv";
import type { FieldProblem } from "../errors.ts";

/** No answer lists more problems than a person would read. */
export const PROBLEMS_MAX = 100;

/** The names that an object may have, for whoever used another: by the object's JSON pointer. */
export type KnownFields = (pointer: string) => readonly string[];

/** What Ajv found wrong, as we tell it: every field with its pointer, a rule's name, and words. `whole` names what is checked. */
export function schemaProblems(
  errors: readonly ErrorObject[] | null | undefined,
  knownFields: KnownFields,
  whole = "the request",
): FieldProblem[] {
  // A bad name is reported by its rule and by propertyNames, which is the one that tells which name.
  const told = (errors ?? []).filter(
    ({ keyword, propertyName }) => propertyName === undefined || keyword === "propertyNames",
  );
  return told.slice(0, PROBLEMS_MAX).map((error) => schemaProblem(error, knownFields, whole));
}

function schemaProblem(error: ErrorObject, knownFields: KnownFields, whole: string): FieldProblem {
  const pointer = short(error.instancePath);
  switch (error.keyword) {
    case "required":
      return {
        pointer: `${pointer}/${error.params.missingProperty}`,
        code: "required",
        detail: `${error.params.missingProperty} is missing`,
      };
    case "additionalProperties": {
      const name = String(error.params.additionalProperty);
      return {
        pointer: `${pointer}/${escapePointer(name)}`,
        code: "unknownField",
        detail: `there is no field ${spoken(name, JSON.stringify)}; known are ${knownFields(pointer).join(", ")}`,
      };
    }
    case "propertyNames":
      return {
        pointer: `${pointer}/${escapePointer(String(error.params.propertyName))}`,
        code: "propertyNames",
        detail: `${spoken(pointer.slice(1))} has a name that is not of letters, digits, dots, dashes and underscores, 64 at most`,
      };
    default:
      return {
        pointer,
        code: error.keyword,
        detail: `${pointer === "" ? whole : spoken(pointer.slice(1))} ${error.message ?? "is invalid"}${choiceOf(error)}`,
      };
  }
}

/** What may stand there instead, where that is a handful. */
function choiceOf({ params }: ErrorObject): string {
  const { allowedValues }: { allowedValues?: unknown } = params;
  return Array.isArray(allowedValues) && allowedValues.length <= 10 ? `: ${allowedValues.join(", ")}` : "";
}

function escapePointer(name: string): string {
  return short(name).replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Details are logged, and a name that is none may be an address or half a mail: only the pointer has it, for its sender. */
function spoken(name: string, quote = (text: string) => text): string {
  return /^[\w./-]{1,100}$/.test(name) ? quote(name) : "(see the pointer)";
}

/** A field's name is the sender's: of any length, and possibly not even text. */
function short(name: string): string {
  return name.slice(0, 100).toWellFormed();
}
