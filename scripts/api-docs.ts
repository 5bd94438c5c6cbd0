// npm run api:docs: writes docs/reference/api.md from the routes of a running API.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { referenceMarkdown } from "../runtime/src/api/reference/markdown.ts";
import { fetchApiDocument } from "../runtime/test/api/fetch-document.ts";

const file = fileURLToPath(new URL("../docs/reference/api.md", import.meta.url));
await writeFile(file, referenceMarkdown(await fetchApiDocument()));
process.stdout.write(`wrote ${file}\n`);
