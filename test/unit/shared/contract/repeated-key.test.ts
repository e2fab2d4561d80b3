import assert from "node:assert/strict";
import { test } from "node:test";
import { repeatedKey } from "@draftmill/shared/contract/repeated-key.ts";
import fc from "fast-check";

for (const [json, pointer] of [
  ['{"a":1,"a":1}', "/a"],
  ['{"a":1,"b":[],"a":{}}', "/a"],
  ['{"a":1,"\\u0061":2}', "/a"],
  ['{"\\"":1 , "\\u0022"\n:2}', '/"'],
  ['{"":1,"":2}', "/"],
  ['{"a":[0,{"b":1},{"c":{},"c":1}]}', "/a/2/c"],
  ['[[],[1,{"a~/b":1,"a~/b":1}]]', "/1/1/a~0~1b"],
  ['{"__proto__":1,"__proto__":2}', "/__proto__"],
] as const) {
  test(`${json} has a key twice, at ${pointer}`, () => {
    JSON.parse(json);
    assert.equal(repeatedKey(json)?.pointer, pointer);
  });
}

for (const json of [
  '"a"',
  "[]",
  '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
  '{"a":"a","b":"a"}',
  '{"a":["b","b"],"b":"\\"b\\":"}',
  '{"a":"\\\\","b":"\\\\\\"","c":"{"}',
]) {
  test(`${json} has none`, () => {
    JSON.parse(json);
    assert.equal(repeatedKey(json), null);
  });
}

test("finds it wherever it stands, and nothing in what JSON.stringify writes", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), fc.nat(2), (value, key, indent) => {
      assert.equal(repeatedKey(JSON.stringify(value, null, indent)), null);
      const twice = `{${JSON.stringify(key)}:${JSON.stringify(value, null, indent)}, ${JSON.stringify(key)}:0}`;
      assert.equal(repeatedKey(`[0,${twice}]`)?.code, "repeatedKey");
    }),
    { numRuns: 2_000 },
  );
});

test("any depth, any length: no recursion, and a pointer that a person can read", () => {
  const depth = 400_000;
  const deep = `${'{"a":'.repeat(depth)}{"b":1,"b":2}${"}".repeat(depth)}`;
  assert.ok((repeatedKey(deep)?.pointer.length ?? 0) < 2_000);
  const key = "k".repeat(1_000_000);
  assert.ok((repeatedKey(`{"${key}":1,"${key}":2}`)?.pointer.length ?? 0) < 2_000);
  const slashes = "\\\\".repeat(1_000_000);
  assert.equal(repeatedKey(`{"a":"${slashes}","b":["${slashes}"]}`), null);
});
