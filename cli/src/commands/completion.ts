import type { Command } from "commander";
import type { Context } from "../context.ts";

/** Each asks `gaugelet complete` for what may come next, so that it never falls behind the command. */
const SCRIPTS = {
  bash: `_gaugelet() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(gaugelet complete -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _gaugelet gaugelet
`,
  zsh: `#compdef gaugelet
_gaugelet() {
  local -a found
  found=("\${(@f)$(gaugelet complete -- "\${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
  compadd -a found
  _files
}
compdef _gaugelet gaugelet
`,
  fish: `complete -c gaugelet -a '(gaugelet complete -- (commandline -opc)[2..-1] 2>/dev/null)'
`,
} as const;

export function addCompletion(program: Command, context: Context): void {
  program
    .command("completion <shell>")
    .description("a script that completes commands and options: bash, zsh or fish")
    .action((shell: string) => {
      const script = SCRIPTS[shell as keyof typeof SCRIPTS];
      if (script === undefined)
        program.error(`error: no completion for ${shell}; expected bash, zsh or fish`);
      context.output.raw(script);
    });

  program
    .command("complete [words...]", { hidden: true })
    .description("what may come after these words, a line each")
    .action((words: string[]) => {
      context.output.raw(
        candidates(program, words)
          .map((word) => `${word}\n`)
          .join(""),
      );
    });
}

/** Commands and options that may come after these words. */
export function candidates(program: Command, words: readonly string[]): string[] {
  let command = program;
  for (const word of words) command = command.commands.find((each) => each.name() === word) ?? command;
  const last = words.at(-1);
  const every = [...command.options, ...program.options];
  const asked = every.find(({ long, short }) => last !== undefined && (last === long || last === short));
  if (asked?.argChoices !== undefined) return asked.argChoices;
  if (asked?.required) return [];
  const names = command
    .createHelp()
    .visibleCommands(command)
    .map((each) => each.name());
  const options = every.filter(({ hidden }) => !hidden);
  return [
    ...names,
    ...options.map(({ long }) => long ?? "").filter((long) => !words.includes(long)),
    "--help",
  ];
}
