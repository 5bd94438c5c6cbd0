import type { ReadPackage } from "../packages/stored.ts";

/**
 * Gives the values of an owner's secrets.
 *
 * @throws SecretError that names those that the owner does not have.
 */
export type SecretsOf = (owner: string, names: readonly string[]) => Promise<Record<string, string>>;

/** What workers get from the catalog. */
export interface OpenCatalog {
  readonly readPackage: ReadPackage;
  readonly secretsOf: SecretsOf;
}

/** The way from the functions that run to the catalog, which may open later than they start. */
export class CatalogDoor implements OpenCatalog {
  #open: OpenCatalog | undefined;

  open(catalog: OpenCatalog): void {
    this.#open = catalog;
  }

  readonly readPackage: ReadPackage = async (digest) => await this.#opened().readPackage(digest);

  readonly secretsOf: SecretsOf = async (owner, names) => await this.#opened().secretsOf(owner, names);

  #opened(): OpenCatalog {
    if (this.#open === undefined) throw new Error("the catalog is not open");
    return this.#open;
  }
}
