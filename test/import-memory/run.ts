// npm run import-memory -- [rows] [characters of each text]: how much memory the api needs for an import, and for the results of a batch
// of as many rows, read as fast as they come and slowly, by its own account.
import { importMemory } from "./import-memory.ts";
import { resultsMemory } from "./results-memory.ts";

/** The results of 100,000 rows are some 50 MB. */
const SLOWLY = 2_500_000;

const [rows = "100000", textLength = "500"] = process.argv.slice(2);
const shape = { rows: Number(rows), textLength: Number(textLength) };
const batch = { rows: shape.rows, failedEach: 20, bodyLength: shape.textLength };
const report = {
  import: await importMemory([shape]),
  results: await resultsMemory(batch, [
    { format: "csv", bytesPerSecond: null },
    { format: "ndjson", bytesPerSecond: null },
    { format: "ndjson", bytesPerSecond: SLOWLY },
  ]),
};
process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
