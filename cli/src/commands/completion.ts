import type { Command, Option } from "commander";
import { Client } from "../client.ts";
import { findConnection } from "../connection.ts";
import type { Context } from "../context.ts";

/** Nobody waits for names longer than that. */
const MOST_MILLISECONDS = 1_000;
const MOST_NAMES = 1_000;
/** What a shell takes as it is: others are left out. */
const PLAIN = /^[\w.:@-]+$/;
/** Where the server has the names of what an argument or an option stands for. */
const LISTS: Readonly<Record<string, string>> = {
  function: "/functions",
  "--function": "/functions",
  topic: "/topics",
};

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
    .action(async (words: string[]) => {
      const list = LISTS[nextOf(program, words) ?? ""];
      const names = list === undefined ? [] : await namesOf(context, list, words);
      context.output.raw([...names, ...candidates(program, words)].map((word) => `${word}\n`).join(""));
    });
}

/** Names that the server has. Where it cannot be asked, or not quickly, there are none. */
async function namesOf({ world }: Context, list: string, words: readonly string[]): Promise<string[]> {
  const { environment, folder, repository } = world;
  const options = { url: saidBehind(words, "--url"), token: saidBehind(words, "--token") };
  try {
    const client = new Client(await findConnection(options, environment, folder, repository));
    const { items } = await client.ask<{ items: { name: string }[] }>("GET", list, {
      query: { limit: MOST_NAMES },
      signal: AbortSignal.timeout(MOST_MILLISECONDS),
    });
    return items.map(({ name }) => name).filter((name) => PLAIN.test(name));
  } catch {
    return [];
  }
}

function saidBehind(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  return at < 0 ? undefined : words[at + 1];
}

/** What comes after these words: an option whose value it is, or the name of an argument; undefined: neither. */
function nextOf(program: Command, words: readonly string[]): string | undefined {
  let command = program;
  let place = 0;
  let isValue = false;
  for (const word of words) {
    const option = optionOf(program, command, word);
    const inner = isValue ? undefined : command.commands.find((each) => each.name() === word);
    if (inner !== undefined) [command, place] = [inner, 0];
    else if (!isValue && !word.startsWith("-")) place += 1;
    isValue = !isValue && option?.required === true;
  }
  return isValue ? words.at(-1) : command.registeredArguments[place]?.name();
}

function optionOf(program: Command, command: Command, word: string | undefined): Option | undefined {
  const every = [...command.options, ...program.options];
  return every.find(({ long, short }) => word !== undefined && (word === long || word === short));
}

/** Commands and options that may come after these words. */
export function candidates(program: Command, words: readonly string[]): string[] {
  let command = program;
  for (const word of words) command = command.commands.find((each) => each.name() === word) ?? command;
  const last = words.at(-1);
  const every = [...command.options, ...program.options];
  const asked = optionOf(program, command, last);
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
