import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { SoakWorker, WorkerFleet } from "./worker-fleet.ts";

export interface FrontDoorRates {
  /** Answers of a worker that Pub/Sub never sees. */
  readonly lostAck: number;
  /** Pushes that two workers get at the same time. */
  readonly duplicate: number;
}

/**
 * The one address of all workers, as Cloud Run has it: sends each push to one that lives, which it waits for while none
 * does, and loses answers by chance.
 */
export interface FrontDoor {
  readonly url: string;
  /** How many pushes were sent to two workers, and how many answers were lost. */
  readonly figures: { duplicates: number; lostAcks: number };
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly said?: Buffer;
}

export async function openFrontDoor(
  fleet: Pick<WorkerFleet, "pick" | "next">,
  rates: FrontDoorRates,
  chance: () => number,
): Promise<FrontDoor> {
  const figures = { duplicates: 0, lostAcks: 0 };
  const { promise: closing, resolve: endWaits } = Promise.withResolvers<void>();
  let isClosing = false;
  const server = createServer(async (incoming, outgoing) => {
    const body = await bodyOf(incoming);
    let worker = fleet.pick();
    while (worker === null && !isClosing) {
      await Promise.race([fleet.next(), closing]);
      worker = fleet.pick();
    }
    if (worker === null) return answer(outgoing, 503);
    const other = chance() < rates.duplicate ? fleet.pick(worker) : null;
    if (other !== null) {
      figures.duplicates += 1;
      void forward(other, incoming, body);
    }
    const { status, said } = await forward(worker, incoming, body);
    if (status < 300 && chance() < rates.lostAck) {
      figures.lostAcks += 1;
      return answer(outgoing, 503);
    }
    return answer(outgoing, status, said);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    figures,
    close: () =>
      new Promise((closed) => {
        isClosing = true;
        endWaits();
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** The worker's status; 502 when it dies first, 504 when it is stopped: what it does afterwards, nobody waits for. */
function forward(worker: SoakWorker, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  const id = requestIdOf(body);
  worker.underWay.push(id);
  const answered = new Promise<Answer>((resolve) => {
    const sent = request(`${worker.url}${url}`, { method, headers, agent: worker.agent }, (incoming) => {
      bodyOf(incoming).then(
        (said) => {
          const status = incoming.statusCode ?? 502;
          if (status < 300) worker.settled += 1;
          resolve({ status, said });
        },
        () => resolve({ status: 502 }),
      );
    });
    sent.once("error", () => resolve({ status: 502 }));
    sent.end(body);
  }).finally(() => {
    worker.underWay.splice(worker.underWay.indexOf(id), 1);
  });
  return Promise.race([answered, worker.stopped.promise.then(() => ({ status: 504 }))]);
}

/** The id that the pushed message carries; a sweep carries none. */
function requestIdOf(body: Buffer): string {
  return /"id":"([^"]+)"/.exec(body.toString("latin1"))?.[1] ?? "";
}

function answer(outgoing: ServerResponse, status: number, said?: Buffer): void {
  outgoing.writeHead(status).end(said);
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part);
  return Buffer.concat(parts);
}
