import { ConfigurationError } from "@gaugelet/shared/configuration";
import { CommanderError } from "commander";
import { TopicError } from "../topics/topics.ts";
import { topicsCommand } from "./command.ts";

/** 0: done; 1: it cannot be done; 2: it was asked for in the wrong way. */
process.exitCode = await topicsCommand(process.env, process.stdin, (text) => process.stdout.write(text))
  .parseAsync()
  .then(
    () => 0,
    (error: unknown) => {
      if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
      const isKnown = error instanceof ConfigurationError || error instanceof TopicError;
      const { message } = error as Error;
      console.error(isKnown || message.startsWith("cannot ") ? message : `cannot do that: ${message}`);
      return 1;
    },
  );
