import { z } from "zod";

const bytes = z.number().min(0);

/** What a runtime says of itself. Times are ISO 8601 in UTC. */
export const instanceSchema = z.object({
  id: z.string().describe("unique; begins with the name of the host"),
  state: z.enum(["starting", "ready"]).describe("starting: not every function's code has been tried to load"),
  host: z.string().describe("name of the machine, or of the pod"),
  processId: z.number(),
  address: z.string().nullable().describe("where its API and its functions are; null: nowhere"),
  system: z.object({
    name: z.string().describe("such as Debian GNU/Linux 12 (bookworm)"),
    kernel: z.string(),
    architecture: z.string(),
    node: z.string().describe("version of Node"),
  }),
  image: z.string().nullable().describe("GAUGELET_IMAGE: name and digest of the image that it runs from"),
  processors: z.number(),
  loadAverage: z.array(z.number()).describe("over 1, 5 and 15 minutes"),
  memory: z.object({
    totalBytes: bytes,
    freeBytes: bytes,
    processBytes: bytes.describe("of the runtime alone"),
  }),
  disk: z
    .object({ path: z.string(), totalBytes: bytes, freeBytes: bytes })
    .nullable()
    .describe("that its state folder is on"),
  mounts: z.array(
    z.object({ path: z.string(), type: z.string(), device: z.string(), isReadOnly: z.boolean() }),
  ),
  startedAt: z.string(),
  seenAt: z.string().describe("when it said this"),
  uptimeSeconds: z.number(),
  functionCount: z.number(),
  functions: z
    .array(
      z.object({
        name: z.string(),
        version: z.string().describe('of the code; "" before it is loaded'),
        state: z.string().describe("starting, idle, restarting, ready, failing or stopped"),
        workers: z.number(),
        isStandby: z.boolean().describe("another instance owns it"),
      }),
    )
    .describe("at most 1,000, those with workers first"),
});

export type InstanceRecord = z.output<typeof instanceSchema>;
