/** The file of Firebase's and our own: https://firebase.google.com/docs/reference/firestore/indexes */
export interface DeclaredIndexes {
  readonly indexes: readonly CompositeIndex[];
  /** Fields that have other indexes than the two that Firestore makes of each: here none, and some a time to live. */
  readonly fieldOverrides: readonly {
    readonly collectionGroup: string;
    readonly fieldPath: string;
    readonly ttl?: boolean;
    readonly indexes: readonly [];
  }[];
}

interface CompositeIndex {
  readonly collectionGroup: string;
  readonly fields: readonly (Sort | { readonly fieldPath: string; readonly arrayConfig: "CONTAINS" })[];
}

interface Sort {
  readonly fieldPath: string;
  readonly order: string;
}

/** A query as Firestore plans it. */
export interface RecordedQuery {
  readonly collection: string;
  /** Fields that must equal something, and lists, as `containing` names them, that must contain something. */
  readonly equal: readonly string[];
  /** The order of the result, without the document's name at its end, which each index has in the direction before it. */
  readonly order: readonly Sort[];
}

/** How a field is named of which it is asked what its list contains. */
export function containing(fieldPath: string): string {
  return `${fieldPath}[]`;
}

/** The fields that a query without equalities sorts by, if it is one alone. */
export function sortsOf({ equal, order }: RecordedQuery): readonly string[] {
  return equal.length === 0 && order.length === 1 ? order.map(({ fieldPath }) => fieldPath) : [];
}

/**
 * Whether Firestore would answer it, by its own rules (https://cloud.google.com/firestore/docs/query-data/index-overview): by an index of
 * some of the equal fields, in any order, and then the sort; by several of these whose equal fields together are all of them; or by
 * one field's own index. An index read backwards serves the opposite sort.
 */
export function isServed(
  { collection, equal, order }: RecordedQuery,
  { indexes, fieldOverrides }: DeclaredIndexes,
): boolean {
  const hasOwn = (field: string): boolean =>
    !fieldOverrides.some(({ collectionGroup, fieldPath }) => collectionGroup === collection && fieldPath === field);
  const [first] = order;
  if (equal.length === 0 && order.length <= 1) return first === undefined || hasOwn(first.fieldPath);
  const covered = new Set(order.length === 0 ? equal.filter(hasOwn) : []);
  for (const { collectionGroup, fields } of indexes) {
    if (collectionGroup !== collection) continue;
    const head = fields
      .slice(0, fields.length - order.length)
      .map((field) => ("order" in field ? field.fieldPath : containing(field.fieldPath)));
    const tail = fields.slice(fields.length - order.length).filter((field) => "order" in field);
    if (!head.every((field) => equal.includes(field)) || !(isSame(tail, order) || isReverse(tail, order))) continue;
    if (equal.length === 0) return true;
    for (const field of head) covered.add(field);
  }
  return equal.length > 0 && equal.every((field) => covered.has(field));
}

function isSame(one: readonly Sort[], other: readonly Sort[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ fieldPath, order }, n) => other[n]?.fieldPath === fieldPath && other[n]?.order === order)
  );
}

function isReverse(one: readonly Sort[], other: readonly Sort[]): boolean {
  return isSame(
    one.map(({ fieldPath, order }) => ({ fieldPath, order: order === "ASCENDING" ? "DESCENDING" : "ASCENDING" })),
    other,
  );
}
