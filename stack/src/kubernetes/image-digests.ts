import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, isMap, isSeq, parseDocument, type YAMLMap } from "yaml";
import { Problem } from "../problem.ts";

/** What stands where nobody has said yet which image it is. */
const PLACEHOLDER = `sha256:${"0".repeat(64)}`;

/** An entry of `images:` in a kustomization. */
export interface OverlayImage {
  /** With its registry. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** The images of a folder with a `kustomization.yaml`, and the file, in which their digests can be changed. */
export class OverlayImages {
  readonly file: string;
  readonly #document: Document;
  readonly #entries: readonly YAMLMap[];

  private constructor(file: string, document: Document) {
    this.file = file;
    this.#document = document;
    const images = document.get("images");
    this.#entries = isSeq(images) ? images.items.filter(isMap) : [];
  }

  /** @throws Problem where there is no such file, or it is not YAML. */
  static async read(folder: string): Promise<OverlayImages> {
    const file = join(folder, "kustomization.yaml");
    const text = await readFile(file, "utf8").catch(() => {
      throw new Problem(`${file} cannot be read; expected the folder of an overlay`);
    });
    // Tags that look like numbers are text all the same.
    const document = parseDocument(text, { schema: "failsafe" });
    const [error] = document.errors;
    if (error !== undefined) throw new Problem(`${file}: ${error.message}`);
    return new OverlayImages(file, document);
  }

  get images(): readonly OverlayImage[] {
    return this.#entries.map((entry) => ({
      name: String(entry.get("newName") ?? entry.get("name")),
      tag: asText(entry.get("newTag")),
      digest: asText(entry.get("digest")),
    }));
  }

  /** Names of those whose digest is still to be said. */
  get open(): readonly string[] {
    return this.images.filter(({ digest }) => digest === PLACEHOLDER).map(({ name }) => name);
  }

  /** @returns the text of the file with these digests, in the order of `images`; comments stay. */
  withDigests(digests: readonly string[]): string {
    for (const [index, digest] of digests.entries()) this.#entries[index]?.set("digest", digest);
    return this.#document.toString({ lineWidth: 0 });
  }
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
