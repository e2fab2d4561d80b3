/** How Node is run in the image, beside its permissions; the Dockerfile has the same, and so has what V8 compiles beforehand. */
export const NODE_FLAGS = [];
