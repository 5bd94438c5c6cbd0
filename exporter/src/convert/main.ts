// npm run exporter:convert -- json_exporter.yml: prints our configuration, and what of the other one is not in it.
import { parseArgs } from "node:util";
import { ConfigurationError, readYaml, validate } from "@gaugelet/shared/configuration";
import { dump } from "js-yaml";
import { convertJsonExporter } from "./json-exporter.ts";
import { jsonExporterSchema } from "./json-exporter-schema.ts";

/** Something is not converted as it was: for scripts to tell from success. */
const INCOMPLETE = 2;

try {
  const [file] = parseArgs({ allowPositionals: true }).positionals;
  if (file === undefined)
    throw new ConfigurationError("expected the path of a configuration of json_exporter");
  const source = validate(jsonExporterSchema, (await readYaml(file)) ?? {}, file);
  const { configuration, notes } = convertJsonExporter(source);
  console.log(`# Converted from ${file}.`);
  console.log("# List under targets what may be probed: json_exporter probes whatever it is asked to.");
  for (const { where, message } of notes) {
    console.log(`# NOT AS IT WAS: ${where}: ${message.replaceAll("\n", " ")}`);
    console.error(`${where}: ${message}`);
  }
  console.log(dump(configuration, { lineWidth: 110, noRefs: true }).trimEnd());
  if (notes.length > 0) process.exitCode = INCOMPLETE;
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(`gaugelet-exporter: ${error.message}`);
  process.exitCode = 1;
}
