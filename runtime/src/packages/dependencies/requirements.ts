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

/** What a `requirements.txt` has that is not installed, and whether it has anything else. */
export function readRequirements(text: string): { readonly faults: Fault[]; readonly isEmpty: boolean } {
  const faults: Fault[] = [];
  let isEmpty = true;
  let begun: { line: number; text: string } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const { line, text: before } = begun ?? { line: index + 1, text: "" };
    const joined = before + raw.replace(/(^|\s)#.*$/, "");
    if (joined.endsWith("\\")) {
      begun = { line, text: joined.slice(0, -1) };
      continue;
    }
    begun = undefined;
    const requirement = joined.trim();
    if (requirement === "") continue;
    if (REQUIREMENT.test(requirement)) isEmpty = false;
    else {
      const message = `expected the name of a package, with versions where they matter, such as humanize==4.9.0; not ${JSON.stringify(requirement.slice(0, 100))}: no options, paths and addresses`;
      faults.push({ file: "requirements.txt", line, message });
    }
  }
  return { faults, isEmpty: isEmpty && faults.length === 0 };
}
