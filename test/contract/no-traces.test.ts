import assert from "node:assert/strict";
import { test } from "node:test";
import { readText } from "../support/readme.ts";
import { trackedFiles } from "../support/repository.ts";

const BINARY = /\.(png|jpg|ico|woff2?|db|gz)$/;
const files = trackedFiles().filter((path) => !BINARY.test(path));
const options = { skip: files.length === 0 && "not a git work tree" };

/** Every match in every file, as "path:line: text". */
function found(pattern: RegExp, isFine: (match: RegExpExecArray) => boolean = () => false): string[] {
  return files.flatMap((path) =>
    readText(path)
      .split("\n")
      .flatMap((line, index) =>
        [...line.matchAll(pattern)].filter((match) => !isFine(match)).map(([text]) => `${path}:${index + 1}: ${text}`),
      ),
  );
}

test("no file names a folder of somebody's machine", options, () => {
  assert.deepEqual(found(/(?<![\w.:/@}-])\/(?:home|Users|root|work|mnt|private)\/[\w.-]+/g), []);
  assert.deepEqual(found(/\b[A-Z]:\\(?:Users|work)/g), []);
});

test("no file names a package registry or a way into one", options, () => {
  assert.deepEqual(found(/\bregistry\.(?:npmjs|yarnpkg)\.\w+/g), []);
  assert.deepEqual(found(/artifactory|verdaccio|\/api\/npm\/|_authToken|^registry\s*=/gi, fromHere), []);
});

test("every e-mail address is made up or a service account of the examples", options, () => {
  const address = /[\w.+-]+@((?:[a-z0-9-]+\.)+[a-z]{2,})\b/gi;
  const fine =
    /(?:^|\.)(?:example|example\.(?:com|net|org|co\.uk)|xn--exmple-cua\.com|test|invalid|localhost|iam\.gserviceaccount\.com)$/i;
  const google = /(?:^|\.)(?:google|googleapis|gmail|gserviceaccount)\.com$/i;
  assert.deepEqual(
    found(address, ([, domain = ""]) => fine.test(domain) || google.test(domain)),
    [],
  );
});

test("no file holds a key or a token", options, () => {
  assert.deepEqual(found(/-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[\w+/]/g), []);
  assert.deepEqual(found(/-----BEGIN [A-Z ]*PRIVATE KEY-----$/g), []);
  assert.deepEqual(
    found(/\bAIza[\w-]{35}\b|\bya29\.[\w-]{30,}|\bgh[pousr]_\w{30,}|\bnpm_\w{30,}|\bGOCSPX-[\w-]{20,}/g),
    [],
  );
  assert.deepEqual(found(/"private_key"\s*:\s*"/g), []);
});

/** This file spells out what it looks for. */
function fromHere({ input }: RegExpExecArray): boolean {
  return input.includes("found(/artifactory");
}
