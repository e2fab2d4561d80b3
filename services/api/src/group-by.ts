import { DraftError } from "@draftmill/shared/errors.ts";

/** Throws HEADER_INVALID with every parameter of a query that counts which says nothing of counts. */
export function refuseWithGroupBy<Name extends string>(
  query: Readonly<Partial<Record<Name, unknown>>>,
  names: readonly Name[],
): void {
  const fields = names
    .filter((name) => query[name] !== undefined)
    .map((name) => ({ pointer: `/query/${name}`, code: "excluded", detail: `${name} does not go with groupBy` }));
  if (fields.length === 0) return;
  throw new DraftError("HEADER_INVALID", { reason: fields.map(({ detail }) => detail).join("; "), fields });
}
