import assert from "node:assert/strict";
import { test } from "node:test";
import { DRAFT_REQUEST_BOUNDS, DRAFT_REQUEST_SCHEMA } from "@draftmill/shared/contract/draft-request-schema.ts";
import { WRAPPED_MESSAGE } from "@draftmill/shared/contract/pushed-message.ts";
import { REPLAY_ORDER_SCHEMA } from "@draftmill/shared/replay/replay-order.ts";
import { Ajv } from "ajv";

const SCHEMAS = { DRAFT_REQUEST_BOUNDS, DRAFT_REQUEST_SCHEMA, WRAPPED_MESSAGE, REPLAY_ORDER_SCHEMA };

for (const [name, schema] of Object.entries(SCHEMAS)) {
  test(`${name} is a JSON Schema, as the services that compile it take for granted`, () => {
    assert.equal(new Ajv().validateSchema(schema), true);
  });
}
