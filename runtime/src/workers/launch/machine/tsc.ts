import { PythonTool } from "./python-tool.ts";

let known: Promise<number | undefined> | undefined;

/** How quickly this machine's processor counts, in kHz, which an imitated one counts like; undefined: unknown. */
export function tscKilohertz(python: string): Promise<number | undefined> {
  known ??= measure(python).catch(() => undefined);
  return known;
}

async function measure(python: string): Promise<number | undefined> {
  const tool = new PythonTool(python, "processor");
  try {
    const { kilohertz } = await tool.answer();
    return typeof kilohertz === "number" ? kilohertz : undefined;
  } finally {
    await tool.end();
  }
}
