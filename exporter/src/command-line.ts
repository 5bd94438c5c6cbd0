import { parseArgs } from "node:util";
import { ConfigurationError } from "@gaugelet/shared/configuration";

/** What the exporter is asked to do. */
export type Command = "serve" | "check-config" | "help" | "version";

/** What `--help` prints. */
export const USAGE = `Usage: gaugelet-exporter [--check-config | --help | --version]

Turns JSON in Redis and on the web into Prometheus metrics.

  --check-config  say whether the configurations are right, and end with exit code 0 or 1
  -h, --help      print this
  --version       print the version

The environment configures it:

  GAUGELET_EXPORTER_CONFIG      path of the configuration file
  GAUGELET_EXPORTER_WEB_CONFIG  path of the web configuration: TLS, users, rate limit
  GAUGELET_EXPORTER_KEYS        keys or patterns to export beside the announced ones
  GAUGELET_EXPORTER_ADDRESS     address to listen on (127.0.0.1)
  GAUGELET_EXPORTER_PORT        port to listen on (9420)
  GAUGELET_LOG_LEVEL            trace, debug, info, warn, error, fatal or silent (info)
  REDIS_HOST, REDIS_PORT, …     where Redis is; see docs/reference/redis.md`;

/** @throws ConfigurationError where an argument is none that there is. */
export function readCommandLine(args: readonly string[]): Command {
  const { "check-config": check, help, version } = parse(args);
  if (help) return "help";
  if (version) return "version";
  return check ? "check-config" : "serve";
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        "check-config": { type: "boolean" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    // Node's advice goes beyond its first sentence, and is about options that we don't have.
    const [problem] = (error as Error).message.split(/\. |$/m);
    throw new ConfigurationError(
      `${problem}; the configuration is named by GAUGELET_EXPORTER_CONFIG, and --help says more`,
      { cause: error },
    );
  }
}
