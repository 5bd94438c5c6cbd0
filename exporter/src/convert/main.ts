// npm run -s exporter:convert -- json_exporter.yml: prints our configuration, and what of the other one is not in it.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { ConfigurationError, readYaml, validate } from "@gaugelet/shared/configuration";
import { dump } from "js-yaml";
import { convertJsonExporter } from "./json-exporter.ts";
import { jsonExporterSchema } from "./json-exporter-schema.ts";

/** Something is not converted as it was: for scripts to tell from success. */
const INCOMPLETE = 2;

const USAGE =
  "expected the path of a configuration of json_exporter, and -o FILE where it shall be written to a file";

try {
  const { file, output } = readArguments();
  const source = validate(jsonExporterSchema, (await readYaml(file)) ?? {}, file);
  const { configuration, notes } = convertJsonExporter(source);
  const lines = [
    `# Converted from ${file}.`,
    "# List under targets what may be probed: json_exporter probes whatever it is asked to.",
  ];
  for (const { where, message } of notes) {
    lines.push(`# NOT AS IT WAS: ${where}: ${message.replaceAll("\n", " ")}`);
    console.error(`${where}: ${message}`);
  }
  lines.push(dump(configuration, { lineWidth: 110, noRefs: true }).trimEnd());
  await put(lines.join("\n"), output);
  if (notes.length > 0) process.exitCode = INCOMPLETE;
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(`gaugelet-exporter: ${error.message}`);
  process.exitCode = 1;
}

function readArguments(): { readonly file: string; readonly output: string | undefined } {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { output: { type: "string", short: "o" } },
    });
    const [file, ...others] = positionals;
    if (file !== undefined && others.length === 0) return { file, output: values.output };
  } catch (error) {
    throw new ConfigurationError(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
  throw new ConfigurationError(USAGE);
}

/** @param output a file; undefined: standard output. */
async function put(text: string, output: string | undefined): Promise<void> {
  if (output === undefined) {
    console.log(text);
    return;
  }
  try {
    await writeFile(output, `${text}\n`);
  } catch (error) {
    throw new ConfigurationError(`${output}: cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
