import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../support/readme.ts";
import type { ProviderSchema } from "./provider-schema.ts";
import { startStubProvider } from "./stub-provider.ts";

/** A copy of infra/terraform that Terraform can check and plan, without a cloud, a backend or a download. */
export interface Workspace {
  readonly folder: string;
  terraform(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
  /** Plans with these variables, or with a text of theirs in HCL. Throws with Terraform's words. */
  plan(variables: Readonly<Record<string, unknown>> | string): Promise<Plan>;
  /** Replaces a piece of text that stands once in one file; gives back what undoes it. */
  change(file: string, from: string, to: string): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface Plan {
  readonly resources: ReadonlyMap<string, PlannedResource>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface PlannedResource {
  readonly type: string;
  readonly values: Readonly<Record<string, unknown>>;
}

const PROJECT_NUMBER = "123456789012";
const TERRAFORM_MS = 60_000;
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

export async function openWorkspace(): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-terraform-"));
  await cp(`${ROOT}infra/terraform`, folder, {
    recursive: true,
    filter: (path) => !/\.terraform|tfstate|tfvars$/.test(path),
  });
  await writeFile(join(folder, "backend_override.tf"), 'terraform {\n  backend "local" {}\n}\n');
  const schema = JSON.parse(await readFile(join(import.meta.dirname, "google-schema.json"), "utf8")) as ProviderSchema;
  const provider = await startStubProvider(schema, tellAsGoogle);
  // No configuration of the user's, no call home, no provider but ours.
  const environment = {
    PATH: process.env.PATH,
    HOME: folder,
    TF_CLI_CONFIG_FILE: "/dev/null",
    TF_IN_AUTOMATION: "1",
    CHECKPOINT_DISABLE: "1",
    ...provider.environment,
  };
  const terraform: Workspace["terraform"] = (...args) =>
    new Promise((resolve, reject) => {
      const options = { cwd: folder, env: environment, timeout: TERRAFORM_MS, maxBuffer: OUTPUT_MAX_BYTES };
      execFile("terraform", [...args], options, (error, stdout, stderr) => {
        if (error !== null && "code" in error && String(error.code) === "ENOENT")
          return reject(new Error("terraform is not installed: https://developer.hashicorp.com/terraform/install"));
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, output: `${stdout}${stderr}` });
      });
    });
  const must = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await terraform(...args);
    // What went before it is the plan as far as it came.
    if (code !== 0)
      throw new Error(`terraform ${args[0]} ended with ${code}:\n${output.slice(output.indexOf("Error:"))}`);
    return output;
  };
  return {
    folder,
    terraform,
    async plan(variables) {
      const file = typeof variables === "string" ? "check.tfvars" : "check.tfvars.json";
      await writeFile(join(folder, file), typeof variables === "string" ? variables : JSON.stringify(variables));
      await must("plan", "-input=false", "-no-color", `-var-file=${file}`, "-out=check.plan");
      const { planned_values: planned } = JSON.parse(await must("show", "-json", "check.plan"));
      const resources: readonly ({ address: string } & PlannedResource)[] = planned.root_module.resources;
      return {
        resources: new Map(resources.map(({ address, type, values }) => [address, { type, values }])),
        outputs: Object.fromEntries(
          Object.entries<{ value?: unknown }>(planned.outputs ?? {}).map(([name, { value }]) => [name, value]),
        ),
      };
    },
    async change(file, from, to) {
      const path = join(folder, file);
      const text = await readFile(path, "utf8");
      if (text.split(from).length !== 2) throw new Error(`${file} has ${from} ${text.split(from).length - 1} times`);
      await writeFile(
        path,
        text.replace(from, () => to),
      );
      return () => writeFile(path, text);
    },
    async close() {
      provider.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the real provider tells in a plan: the address of an account follows from its name. */
function tellAsGoogle(
  type: string,
  { account_id: account }: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  if (type === "data.google_project") return { number: PROJECT_NUMBER };
  if (type !== "google_service_account") return {};
  const email = `${String(account)}@my-project.iam.gserviceaccount.com`;
  return { email, member: `serviceAccount:${email}` };
}
