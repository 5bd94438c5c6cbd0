import type { Command } from "commander";
import { everyCommand } from "./program.ts";

/** What docs/reference/cli.md says of the commands: their help, a section each. */
export function referenceOf(program: Command): string {
  const commands = [...everyCommand(program)].filter(
    (command) => command !== program && command.commands.length === 0 && !isHidden(command),
  );
  return commands
    .map((command) => `### ${nameOf(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`)
    .join("\n");
}

function nameOf(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : `${nameOf(parent)} ${command.name()}`;
}

function helpOf(command: Command): string {
  return command.configureHelp({ helpWidth: 100 }).helpInformation().trimEnd();
}

function isHidden(command: Command): boolean {
  return !(command.parent?.createHelp().visibleCommands(command.parent).includes(command) ?? true);
}
