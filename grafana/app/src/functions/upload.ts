/** What somebody chose to upload: files of text, or a zip. */
export type Upload = { readonly files: Record<string, string> } | { readonly zip: string };

const MOST_BYTES = 50 * 1024 ** 2;

/**
 * Read what was chosen.
 *
 * @throws Error that says what is wrong with it.
 */
export async function readUpload(chosen: readonly File[]): Promise<Upload> {
  const size = chosen.reduce((sum, file) => sum + file.size, 0);
  if (size > MOST_BYTES)
    throw new Error(`That is ${Math.round(size / 1024 ** 2)} MiB; at most 50 MiB can be uploaded.`);
  const [first] = chosen;
  if (first === undefined) throw new Error("Nothing was chosen.");
  if (chosen.length === 1 && first.name.endsWith(".zip")) return { zip: base64(await first.arrayBuffer()) };
  const zip = chosen.find(({ name }) => name.endsWith(".zip"));
  if (zip !== undefined) throw new Error("Choose one zip, or source files, not both.");
  const files: Record<string, string> = {};
  for (const file of chosen) {
    // A folder's files have their paths in it.
    const path = file.webkitRelativePath === "" ? file.name : file.webkitRelativePath.replace(/^[^/]+\//, "");
    try {
      files[path] = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch {
      throw new Error(`${path} is no text in UTF-8: put files of other kinds into a zip.`);
    }
  }
  return { files };
}

function base64(buffer: ArrayBuffer): string {
  const bytes = new Uint8Array(buffer);
  let text = "";
  // In parts, since a call takes so many arguments and no more.
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
