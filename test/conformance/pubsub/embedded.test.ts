import { after, describe } from "node:test";
import { administrationSuite } from "./administration-suite.ts";
import { deadLetterSuite } from "./dead-letter-suite.ts";
import { limitsSuite } from "./limits-suite.ts";
import { pullSuite } from "./pull-suite.ts";
import { pushSuite } from "./push-suite.ts";
import { startEmbeddedTarget } from "./target.ts";

const target = await startEmbeddedTarget();
const strict = await startEmbeddedTarget({ minAckDeadlineSeconds: 10 });
after(() => Promise.all([target.close(), strict.close()]));

describe("the embedded Pub/Sub", () => {
  administrationSuite(target);
  limitsSuite(strict);
  pullSuite(target);
  pushSuite(target);
  deadLetterSuite(target);
});
