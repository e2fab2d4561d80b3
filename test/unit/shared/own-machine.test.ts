import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnMachine } from "@draftmill/shared/own-machine.ts";

const LOCAL = { host: "127.0.0.1:8080" };

for (const [what, address, headers] of [
  ["a program", "127.0.0.1", LOCAL],
  ["a program over IPv6", "::1", { host: "[::1]:8080" }],
  ["a program that met an IPv6 socket", "::ffff:127.0.0.1", { host: "localhost:8080" }],
] as const) {
  test(`${what} on this machine`, () => assert.ok(isOwnMachine(address, headers)));
}

for (const [what, address, headers] of [
  ["another machine", "192.0.2.7", LOCAL],
  ["another machine over an IPv6 socket", "::ffff:192.0.2.7", LOCAL],
  ["Cloud Run's front end", "169.254.169.126", LOCAL],
  ["a connection that is gone", undefined, LOCAL],
  ["a proxy on this machine", "127.0.0.1", { ...LOCAL, "x-forwarded-for": "192.0.2.7" }],
  ["a proxy that goes by the standard", "127.0.0.1", { ...LOCAL, forwarded: "for=192.0.2.7" }],
  ["a proxy that only names itself", "127.0.0.1", { ...LOCAL, via: "1.1 front" }],
  ["a page that rebinds its name", "127.0.0.1", { host: "evil.example:8080" }],
  ["nobody's host", "127.0.0.1", {}],
] as const) {
  test(`${what} is not`, () => assert.ok(!isOwnMachine(address, headers)));
}
