// A process to be killed: runs the embedded Pub/Sub on the file that it is given and says where.
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";

const [statePath] = process.argv.slice(2);
if (statePath === undefined) throw new Error("usage: durability-child.ts FILE");
const { url } = await startPubsub({ statePath, signer: await createIdTokenSigner() });
process.stdout.write(`${url}\n`);
