import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { afterAll, beforeAll } from "vitest";
import { readConfigurationFile } from "../../src/configuration/file.ts";
import type { FunctionDefinition, OperatorSettings } from "../../src/configuration/manifest.ts";

/** A folder with configuration files of a test file's own. */
export interface ConfigurationFolder {
  readonly path: string;
  write(name: string, text: string): Promise<string>;
  /** Read `gaugelet.yaml` with this text. The folder is called FOLDER in the message of an error. */
  read(yaml: string, operator?: Partial<OperatorSettings>): Promise<FunctionDefinition[]>;
}

/** Make the folder before the tests of a file, and remove it after them. */
export function useConfigurationFolder(): ConfigurationFolder {
  let path = "";
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "gaugelet-configuration-"));
  });
  afterAll(() => rm(path, { recursive: true }));
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  };
  return {
    get path() {
      return path;
    },
    write,
    async read(yaml, operator) {
      const file = await write("gaugelet.yaml", yaml);
      try {
        const { functions } = await readConfigurationFile(file, {
          nodeName: undefined,
          minimumIsolation: "process",
          ...operator,
        });
        return [...functions];
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        throw new ConfigurationError(error.message.replaceAll(path, "FOLDER"), { cause: error });
      }
    },
  };
}
