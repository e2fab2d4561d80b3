import { startTestStack } from "../support/local-stack.ts";
import { firstDraftSuite } from "./first-draft-suite.ts";

firstDraftSuite("the embedded Pub/Sub", () => startTestStack());
