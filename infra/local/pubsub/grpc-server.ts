import * as grpc from "@grpc/grpc-js";
import { grpcError } from "./error-status.ts";
import type { Protocol } from "./protocol.ts";
import { publisherMethods } from "./publisher-methods.ts";
import type { Method, Service } from "./service.ts";
import { StreamingPull } from "./streaming-pull.ts";
import { subscriberMethods } from "./subscriber-methods.ts";
import { protoFormat } from "./wire-format.ts";
import { WireMessage } from "./wire-message.ts";

/** Room for what the publish rules refuse by name; gRPC's own limit answers with a code that clients retry. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

/** The services for the unmodified client library; it listens on nothing by itself. */
export function createGrpcServer(protocol: Protocol, service: Service): grpc.Server {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
    "grpc.max_send_message_length": -1,
  });
  server.addService(protocol.publisher, unaryHandlers(publisherMethods, service));
  server.addService(protocol.subscriber, {
    ...unaryHandlers(subscriberMethods, service),
    StreamingPull: (call: grpc.ServerDuplexStream<unknown, unknown>) => new StreamingPull(call, service),
  });
  return server;
}

function unaryHandlers(methods: Readonly<Record<string, Method>>, service: Service): grpc.UntypedServiceImplementation {
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, unary(method, service)]));
}

function unary(method: Method, service: Service): grpc.handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    const gone = new AbortController();
    call.on("cancelled", () => gone.abort());
    answer(method, service, call.request, gone.signal).then(
      (response) => callback(null, response),
      (error: unknown) => callback(grpcError(error)),
    );
  };
}

async function answer(method: Method, service: Service, request: unknown, signal: AbortSignal) {
  return method(service, new WireMessage(request, protoFormat), signal);
}
