import { type FileHandle, open } from "node:fs/promises";
import { PythonTool } from "./python-tool.ts";

/** Memory of machines: a file without a name, whose content all machines that begin with it share. */
export class MachineMemory {
  readonly file: FileHandle;
  readonly #tool: PythonTool;

  private constructor(file: FileHandle, tool: PythonTool) {
    this.file = file;
    this.#tool = tool;
  }

  /** Of zeros, for a machine that boots. @throws Error */
  static create(python: string, bytes: number): Promise<MachineMemory> {
    return MachineMemory.#with(new PythonTool(python, "memory", "create", String(bytes)));
  }

  /** As it was saved; it cannot be changed. @throws Error where it is damaged, or not there. */
  static async load(python: string, path: string): Promise<MachineMemory> {
    const memory = await MachineMemory.#with(new PythonTool(python, "memory", "load", path));
    await memory.#tool.end();
    return memory;
  }

  static async #with(tool: PythonTool): Promise<MachineMemory> {
    try {
      const { descriptor } = await tool.answer();
      return new MachineMemory(await open(`/proc/${tool.pid}/fd/${Number(descriptor)}`, "r+"), tool);
    } catch (error) {
      await tool.end();
      throw error;
    }
  }

  /** Write it to a file. @throws Error, such as of a disk that is full. */
  async save(path: string): Promise<void> {
    await this.#tool.ask(`save ${path}`);
  }

  /** Let nobody change it any more. @throws Error where somebody still holds it. */
  async seal(): Promise<void> {
    await this.#tool.ask("seal");
    await this.#tool.end();
  }

  async close(): Promise<void> {
    await this.#tool.end();
    await this.file.close();
  }
}
