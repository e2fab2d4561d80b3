import { writeFile } from "node:fs/promises";
import { CliError } from "../cli-error.ts";
import { type Command, defineCommand } from "../command.ts";
import { isLoopback } from "../connection.ts";
import { identityToken } from "../identity-token.ts";
import { jsonLine, plainText } from "../plain-text.ts";
import { ServiceProblem } from "../service-problem.ts";

export const login: Command = defineCommand({
  name: "login",
  summary: "Get a token from gcloud and try it",
  about: `Every command gets its token by itself, from gcloud, and keeps it in memory only; this one tells whether that works, and as whom. A person's
token has an audience that services do not list, so act as a service account: --impersonate for this command, or for all of them
gcloud config set auth/impersonate_service_account ACCOUNT; DRAFTMILL_AUDIENCE is the audience when it is not the service's URL.`,
  positionals: [],
  options: {
    impersonate: { type: "string", value: "ACCOUNT", help: "the service account to act as" },
    audience: { type: "string", value: "TEXT", help: "else DRAFTMILL_AUDIENCE, else the service's URL" },
    save: {
      type: "string",
      value: "FILE",
      help: "write the token to a file that only you can read, for --token-file; good for an hour",
    },
    print: { type: "boolean", help: "write the token to stdout" },
  },
  examples: [
    { line: "draftmill login --url https://draftmill.example.com", tells: "whether the service takes gcloud's token" },
    {
      line: "export DRAFTMILL_TOKEN=$(draftmill login --print --impersonate crm@my-project.iam.gserviceaccount.com)",
      tells: "a token for the next hour, in this shell alone",
    },
  ],
  async run({ options, json, client }, terminal) {
    const { stdout, stderr, env } = terminal;
    const url = new URL(client.url);
    if (isLoopback(url) && !options.print && options.save === undefined) {
      await stderr.write(
        `${client.url} is on this machine: it is sent no token but DRAFTMILL_TOKEN or --token-file.\n`,
      );
      return 0;
    }
    const token = await identityToken(
      options.audience ?? (env.DRAFTMILL_AUDIENCE || url.origin),
      terminal,
      options.impersonate,
    );
    if (options.save !== undefined) {
      await writeFile(options.save, `${token}\n`, { mode: 0o600, flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
        throw new CliError(
          error.code === "EEXIST"
            ? `${options.save} is there already`
            : `the token cannot be written: ${error.message}`,
        );
      });
    }
    const { email, aud, exp } = claimsOf(token);
    if (!options.print) await tryToken(client.call({ operation: "getDraft", id: "login", headers: bearer(token) }));
    const who = {
      email: email ?? null,
      audience: aud ?? null,
      expiresAt: exp === undefined ? null : new Date(exp * 1_000).toISOString(),
    };
    if (options.print) await stdout.write(`${token}\n`);
    else if (json) await stdout.write(jsonLine(who));
    else
      await stderr.write(
        `${client.url} knows you as ${plainText(String(who.email))}; the token is good until ${who.expiresAt}.\n`,
      );
    if (options.save !== undefined) await stderr.write(`Next: draftmill batches --token-file ${options.save}\n`);
    return 0;
  },
});

function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` };
}

/** A record that is not there is an answer to somebody who was let in. */
async function tryToken(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ServiceProblem && error.problem.code === "DRAFT_NOT_FOUND") return;
    throw error;
  }
}

/** What the token says of itself; whether that is true the service finds out. */
function claimsOf(token: string): { readonly email?: string; readonly aud?: string; readonly exp?: number } {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  } catch {
    throw new CliError("what came from gcloud is no token");
  }
}
