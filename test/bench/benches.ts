import type { Bench } from "./bench-context.ts";
import { api } from "./benches/api.ts";
import { batch } from "./benches/batch.ts";
import { coldStart } from "./benches/cold-start.ts";
import { gmail } from "./benches/gmail.ts";
import { growth } from "./benches/growth.ts";
import { held } from "./benches/held.ts";
import { mailboxHour } from "./benches/mailbox-hour.ts";
import { publish } from "./benches/publish.ts";
import { worker } from "./benches/worker.ts";

/** What `npm run bench` measures, in this order. */
export const ALL_BENCHES: readonly Bench[] = [api, publish, batch, gmail, worker, mailboxHour, coldStart, held, growth];
