import type { Server as HttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { type Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";

/** The first bytes of HTTP/2 with prior knowledge, as gRPC speaks it; no HTTP/1 method begins so (RFC 9113, 3.4). */
const PREFACE = Buffer.from("PRI * HTTP/2.0");
/** A connection that says nothing is dropped after this. */
const SILENCE_MS = 30_000;

export interface Port {
  readonly port: number;
  /** Ends the calls in flight and closes every connection. */
  close(): Promise<void>;
}

/** gRPC and JSON on one loopback port, as Google's emulator has them: each connection goes by its first bytes. */
export async function listen(grpc: GrpcServer, http: HttpServer, port: number): Promise<Port> {
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const giveUp = () => socket.destroy();
    socket.setTimeout(SILENCE_MS, giveUp);
    route(socket, (isHttp2) => {
      socket.setTimeout(0);
      socket.off("timeout", giveUp);
      if (isHttp2) injector.injectConnection(socket);
      else http.emit("connection", socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      injector.destroy();
      grpc.forceShutdown();
      http.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Looks at the first bytes without taking them away. */
function route(socket: Socket, decided: (isHttp2: boolean) => void): void {
  const look = () => {
    const first: unknown = socket.read();
    if (!Buffer.isBuffer(first)) return;
    socket.unshift(first);
    const length = Math.min(first.length, PREFACE.length);
    const soFar = first.subarray(0, length).equals(PREFACE.subarray(0, length));
    if (soFar && length < PREFACE.length) return;
    socket.off("readable", look);
    decided(soFar);
  };
  socket.on("readable", look);
}
