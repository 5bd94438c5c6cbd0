import { open } from "node:fs/promises";

const TAIL_BYTES = 16_384;

/** The last lines of a text file, without empty ones; none where the file cannot be read. */
export async function readLastLines(file: string, count = 15): Promise<string[]> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer
      .toString("utf8", 0, bytesRead)
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== "")
      .slice(-count);
  } catch {
    return [];
  }
}

/** The last lines of a log for an error message, and where the rest is. */
export async function describeLog(file: string): Promise<string> {
  const lines = await readLastLines(file);
  if (lines.length === 0) return `Its log ${file} is empty.`;
  return `Its last lines:\n${lines.map((line) => `    ${line}`).join("\n")}\nThe full log: ${file}`;
}
