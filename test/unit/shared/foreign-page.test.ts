import assert from "node:assert/strict";
import { test } from "node:test";
import { foreignPage, isLoopbackHost } from "@draftmill/shared/foreign-page.ts";

const HOST = "127.0.0.1:8080";

test("a Host is this machine's when it is a loopback address or localhost, with or without a port", () => {
  for (const host of [HOST, "127.0.0.1", "localhost", "LOCALHOST:8080", "[::1]:8080", "127.0.0.2:1"]) {
    assert.equal(isLoopbackHost(host), true, host);
  }
  const others = [
    "evil.example.test:8080",
    "127.0.0.1.example.test",
    "localhost.example.test",
    "0.0.0.0:8080",
    "10.0.0.1",
  ];
  for (const host of [...others, "127.0.0.1:8080:80", "127.0.0.1@example.test", "", undefined]) {
    assert.equal(isLoopbackHost(host), false, String(host));
  }
});

const PROGRAM = { host: HOST };
const OWN_PAGE = { host: HOST, origin: `http://${HOST}`, "sec-fetch-site": "same-origin" };

test("programs, our own pages and whoever types the address may call", () => {
  for (const headers of [PROGRAM, OWN_PAGE, { host: HOST, "sec-fetch-site": "none" }]) {
    for (const method of ["GET", "POST", "DELETE"]) assert.equal(foreignPage(method, headers), null);
  }
  const link = { host: HOST, "sec-fetch-site": "cross-site" };
  assert.equal(foreignPage("GET", link), null, "a link from elsewhere");
});

const FOREIGN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "another site's Origin": { host: HOST, origin: "https://evil.example.test" },
  "the Origin of another port": { host: HOST, origin: "http://127.0.0.1:3000" },
  "the Origin of a frame without one": { host: HOST, origin: "null" },
  "an https page of the same name": { host: HOST, origin: `https://${HOST}` },
  "Sec-Fetch-Site alone": { host: HOST, "sec-fetch-site": "cross-site" },
  "another port of this machine": { host: HOST, "sec-fetch-site": "same-site" },
};

for (const [name, headers] of Object.entries(FOREIGN)) {
  test(`nothing is changed for ${name}`, () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) assert.notEqual(foreignPage(method, headers), null);
  });
}

test("a rebound name gets nothing, not even to read", () => {
  for (const method of ["GET", "HEAD", "POST"]) {
    assert.notEqual(foreignPage(method, { host: "evil.example.test:8080" }), null);
    assert.notEqual(foreignPage(method, { ...OWN_PAGE, host: "evil.example.test:8080" }), null);
  }
});
