// npm run import-memory -- [rows] [characters of each text]: how much memory the api needs for an import, by its own account.
import { importMemory } from "./import-memory.ts";

const [rows = "100000", textLength = "500"] = process.argv.slice(2);
process.stdout.write(
  `${JSON.stringify(await importMemory([{ rows: Number(rows), textLength: Number(textLength) }]), null, 1)}\n`,
);
