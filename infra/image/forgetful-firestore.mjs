import { once } from "node:events";
import { createServer } from "node:http";

/** Firestore's REST interface as far as a first delivery goes: every write succeeds, and nothing is ever there. */
export async function startForgetfulFirestore() {
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      response.writeHead(200, { "content-type": "application/json; charset=UTF-8" });
      response.end(JSON.stringify(answerTo(request.url)));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    hostPort: `127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

function answerTo(url) {
  const time = new Date().toISOString();
  const method = url.slice(url.lastIndexOf(":") + 1);
  switch (method) {
    case "commit":
      return { writeResults: [{ updateTime: time }], commitTime: time };
    case "batchGet":
      return [{ missing: "none", readTime: time }];
    case "runAggregationQuery":
      return [{ result: { aggregateFields: { n: { integerValue: "0" } } }, readTime: time }];
    default:
      return [{ readTime: time }];
  }
}
