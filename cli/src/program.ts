import { Command } from "commander";
import { addAliases } from "./commands/aliases.ts";
import { addAudit } from "./commands/audit.ts";
import { addBudgets } from "./commands/budgets.ts";
import { addCompletion } from "./commands/completion.ts";
import { addDeadLetters } from "./commands/dead-letters.ts";
import { addDeploy } from "./commands/deploy.ts";
import { addDiff } from "./commands/diff.ts";
import { addFunctions, addRollback } from "./commands/functions.ts";
import { addInit } from "./commands/init.ts";
import { addInstances } from "./commands/instances.ts";
import { addInvoke } from "./commands/invoke.ts";
import { addLogin } from "./commands/login.ts";
import { addLogs } from "./commands/logs.ts";
import { addReplay } from "./commands/replay.ts";
import { addRuns } from "./commands/runs.ts";
import { addSecrets } from "./commands/secrets.ts";
import { addToken } from "./commands/token.ts";
import { addPublish, addTopics } from "./commands/topics.ts";
import { addBill, addUsage } from "./commands/usage.ts";
import { addUsers } from "./commands/users.ts";
import { addWorkers } from "./commands/workers.ts";
import { Context, type GlobalOptions, type World } from "./context.ts";

const VERSION = "0.1.0";

/**
 * The command line `gaugelet`: each command asks the API of a server.
 *
 * @param isJson whether what is wrong with arguments is told by the caller instead, as JSON.
 */
export function gaugeletProgram(
  world: World,
  isJson = false,
): { readonly program: Command; readonly context: Context } {
  const program = new Command("gaugelet")
    .description("Functions to metrics: deploy functions, call them, and look at what they came to")
    .version(VERSION)
    .option(
      "--url <address>",
      "the server; else GAUGELET_URL, else that of the login, else http://127.0.0.1:8420",
    )
    .option(
      "--token <token>",
      "a user's; else GAUGELET_TOKEN, else that of the login, else this machine's administrator's",
    )
    .option("--json", "answer in JSON")
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => world.out.write(text),
      writeErr: (text) => world.error.write(text),
      ...(isJson && { outputError: () => {} }),
    });
  const context = new Context(world, () => program.opts<GlobalOptions>());
  const adders = [
    addInit,
    addDeploy,
    addDiff,
    addFunctions,
    addRollback,
    addAliases,
    addInvoke,
    addLogs,
    addRuns,
    addReplay,
    addTopics,
    addPublish,
    addDeadLetters,
    addUsage,
    addBill,
    addBudgets,
    addInstances,
    addWorkers,
    addSecrets,
    addUsers,
    addToken,
    addAudit,
    addLogin,
    addCompletion,
  ];
  for (const add of adders) add(program, context);
  for (const command of everyCommand(program))
    command.helpOption("-h, --help", "how it is used").helpCommand(false);
  program.addHelpText(
    "after",
    "\nEnds with 0: done; 1: failed; 2: asked for wrongly; 3: not there or not allowed; 4: the server is away.",
  );
  return { program, context };
}

/** A program, its commands and theirs. */
export function* everyCommand(program: Command): Iterable<Command> {
  yield program;
  for (const command of program.commands) yield* everyCommand(command);
}
