import { createHmac, randomBytes } from "node:crypto";
import { compare } from "bcryptjs";

/** Right passwords that are remembered: a comparison is made slow on purpose, a scraper asks for ever. */
const REMEMBERED = 100;
/** Comparisons that may wait for their turn, about a second of them at the usual cost of 10. */
const WAITING = 16;
/** What the password of a user that does not exist is compared with, so that it takes the same time. */
const NOBODY = "$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

/** What came of a look at a name and a password. */
export type Verdict = "right" | "wrong" | "busy";

/**
 * Compares passwords with bcrypt hashes. One at a time, as each keeps a processor busy; right ones are
 * remembered, wrong ones are not, so that guesses cannot push the right ones out.
 */
export class PasswordCheck {
  /** For the digests by which credentials are remembered: the passwords themselves are not kept. */
  readonly #secret = randomBytes(32);
  readonly #right = new Set<string>();
  readonly #underWay = new Map<string, Promise<boolean>>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param users hashes by the names of users; those of before may differ. */
  async check(users: ReadonlyMap<string, string>, name: string, password: string): Promise<Verdict> {
    const known = users.get(name);
    const hash = known ?? `${slowest(users)}${NOBODY}`;
    const id = this.#digest(name, hash, password);
    if (this.#right.has(id)) return "right";
    let comparison = this.#underWay.get(id);
    if (comparison === undefined) {
      if (this.#underWay.size >= WAITING) return "busy";
      comparison = this.#compare(id, password, hash);
    }
    if (!(await comparison) || known === undefined) return "wrong";
    this.#remember(id);
    return "right";
  }

  #compare(id: string, password: string, hash: string): Promise<boolean> {
    const comparison = this.#last
      .then(() => compare(password, hash))
      .finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, comparison);
    this.#last = comparison.catch(() => {});
    return comparison;
  }

  #remember(id: string): void {
    if (this.#right.size >= REMEMBERED) this.#right.delete(this.#right.values().next().value as string);
    this.#right.add(id);
  }

  #digest(...parts: readonly string[]): string {
    return createHmac("sha256", this.#secret).update(JSON.stringify(parts)).digest("base64");
  }
}

/** Version and cost of the hash that takes longest. */
function slowest(users: ReadonlyMap<string, string>): string {
  const costs = [...users.values()].map((hash) => hash.slice(4, 6));
  return `$2b$${costs.sort().at(-1) ?? "10"}`;
}

/** Name and password of an Authorization header; undefined where it has none. */
export function basicCredentials(header: string | undefined): [name: string, password: string] | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [, name, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
  return name === undefined || password === undefined ? undefined : [name, password];
}
