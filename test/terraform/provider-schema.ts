/** A type as Terraform writes it: "string", ["set", "string"], ["list", ["object", { … }]]. */
export type AttributeType = string | readonly unknown[];

/** r: required, o: optional, c: computed. */
export type Flags = "r" | "o" | "c" | "oc";

/** Its type, who may give it, and the only values that it may have, where these are written down. */
export type AttributeSchema = readonly [type: AttributeType, flags: Flags, values?: readonly string[]];

export interface NestedBlock extends BlockSchema {
  readonly nesting: "single" | "list" | "set";
  readonly min?: number;
  readonly max?: number;
}

export interface BlockSchema {
  readonly attributes: Readonly<Record<string, AttributeSchema>>;
  readonly blocks?: Readonly<Record<string, NestedBlock>>;
}

/** What a provider says of itself: the arguments of the types that are used here, not all of its thousand. */
export interface ProviderSchema {
  readonly from: string;
  readonly licence: string;
  readonly provider: BlockSchema;
  readonly resources: Readonly<Record<string, BlockSchema>>;
  readonly data: Readonly<Record<string, BlockSchema>>;
}
