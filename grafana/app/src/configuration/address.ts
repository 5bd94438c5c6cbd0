/** What is wrong with an address of the runtime; undefined: nothing is. */
export function addressFault(text: string): string | undefined {
  const parsed = parse(text);
  if (parsed === undefined || !/^https?:\/\//.test(text)) return "An address such as http://runtime:8420.";
  if (parsed.username !== "" || parsed.password !== "")
    return "Without a user or a password: everybody could read them.";
  if (parsed.search !== "" || parsed.hash !== "") return "Without a question mark or a hash.";
  if (/\/api(\/v1)?\/?$/.test(parsed.pathname)) return "Without /api/v1: the app adds that.";
  return undefined;
}

/** As it is kept: the app adds /api/v1 to it. */
export function keptAddress(text: string): string {
  return text.trim().replace(/\/+$/, "");
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
