/**
 * Takes the place of two global classes in a service's bundle, which the clients of Google's APIs look at for every call. Node's own bring the
 * whole of its fetch along, which nothing else here asks for: 17 MB and 40 ms of processor time (measured, Node 24.21).
 */
export { FormData } from "undici/lib/web/fetch/formdata.js";
export { Headers } from "undici/lib/web/fetch/headers.js";
