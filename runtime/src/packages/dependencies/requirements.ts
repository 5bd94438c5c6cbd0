/** Something that cannot be installed, at a line of a file; null: about the file as a whole. */
export interface Fault {
  readonly file: string;
  readonly line: number | null;
  readonly message: string;
}

/**
 * A name with extras, versions, markers and hashes. Options, paths and addresses are left out of it: by those a
 * package could have the runtime read what only the runtime can. So are dollars: pip puts variables of its environment
 * in, such as the address of an index with its password, and tells them in its errors.
 *
 * Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
const REQUIREMENT =
  /^(?!.*\s-(?!-hash=))[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?(?:\s*\[[\w., -]*\])?\s*(?:\(?\s*[<>=!~][^;@/\\$]*\)?)?(?:\s*;[^@/\\$]*?)?(?:\s+--hash=sha(?:256|384|512):[0-9a-f]+)*$/;

/** No line break but those that were split at: pip knows more of them. */
const PRINTABLE = /^[\t -~]*$/;

/** What a `requirements.txt` has that is not installed, and whether it has anything else. */
export function readRequirements(text: string): { readonly faults: Fault[]; readonly isEmpty: boolean } {
  const file = "requirements.txt";
  if (text.includes("\0")) {
    // What UTF-16 looks like: some shells write it.
    const message = "expected text, without null characters; save it as UTF-8";
    return { faults: [{ file, line: null, message }], isEmpty: false };
  }
  const faults: Fault[] = [];
  const requirements = requirementsIn(text);
  for (const { line, requirement } of requirements) {
    if (PRINTABLE.test(requirement) && REQUIREMENT.test(requirement)) continue;
    const message = `expected the name of a package, with versions where they matter, such as humanize==4.9.0; not ${JSON.stringify(requirement.slice(0, 100))}: no options, paths and addresses`;
    faults.push({ file, line, message });
  }
  return { faults, isEmpty: requirements.length === 0 };
}

/**
 * A `requirements.txt` as pip is given it: what was read of it, each requirement at its own line. Of the file itself
 * pip could read something else: it knows other line breaks, and takes a comment's word for the encoding.
 */
export function forPip(text: string): string {
  const lines: string[] = [];
  for (const { line, requirement } of requirementsIn(text)) {
    while (lines.length < line - 1) lines.push("");
    lines.push(requirement);
  }
  return `${lines.join("\n")}\n`;
}

/** What is neither empty nor a comment, as one text where it goes on over several lines, and the line that it begins at. */
function requirementsIn(text: string): { readonly line: number; readonly requirement: string }[] {
  const found: { line: number; requirement: string }[] = [];
  let begun: { line: number; text: string } | undefined;
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (const [index, raw] of lines.entries()) {
    const { line, text: before } = begun ?? { line: index + 1, text: "" };
    const joined = before + raw.replace(/(^|\s)#.*$/, "");
    if (joined.endsWith("\\") && index + 1 < lines.length) {
      begun = { line, text: joined.slice(0, -1) };
      continue;
    }
    begun = undefined;
    const requirement = joined.trim();
    if (requirement !== "") found.push({ line, requirement });
  }
  return found;
}
