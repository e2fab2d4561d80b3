import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import type { LocalStack } from "@draftmill/local/local-stack.ts";

const RUN_TIMEOUT_MS = 60_000;

/** The path of gcloud, or null where it is not installed. */
export function findGcloud(): string | null {
  try {
    return execFileSync("which", ["gcloud"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return null;
  }
}

/** Publishes a bare message as the README shows; returns the messageId that gcloud prints. */
export async function publishWithGcloud(
  gcloud: string,
  { pubsubUrl, project }: Pick<LocalStack, "pubsubUrl" | "project">,
  request: unknown,
): Promise<string> {
  const { stdout } = await promisify(execFile)(
    gcloud,
    [
      "pubsub",
      "topics",
      "publish",
      "draft-requests",
      `--project=${project}`,
      `--message=${JSON.stringify(request)}`,
      "--format=value(messageIds[0])",
    ],
    {
      timeout: RUN_TIMEOUT_MS,
      env: {
        ...process.env,
        CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB: `${pubsubUrl}/`,
        CLOUDSDK_AUTH_DISABLE_CREDENTIALS: "true",
        CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
        CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "true",
      },
    },
  );
  return stdout.trim();
}
