// npm run api:docs: writes docs/reference/api.md, and the types of Grafana's app, from the routes of a running API.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { referenceMarkdown } from "../runtime/src/api/reference/markdown.ts";
import { fetchApiDocument } from "../runtime/test/api/fetch-document.ts";
import { setupGrafanaAppPackages } from "../stack/src/setup/grafana-app.ts";
import { apiSchema } from "./api-schema.ts";

await setupGrafanaAppPackages();
const document = await fetchApiDocument();
const files = {
  "../docs/reference/api.md": referenceMarkdown(document),
  "../grafana/app/src/api/schema.ts": await apiSchema(document),
};
for (const [name, text] of Object.entries(files)) {
  const file = fileURLToPath(new URL(name, import.meta.url));
  await writeFile(file, text);
  process.stdout.write(`wrote ${file}\n`);
}
