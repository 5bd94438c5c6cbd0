import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../lock.ts";
import { ROOT, TOOLS_FOLDER } from "../root.ts";
import { progressOf, type SetupContext } from "./context.ts";
import { JAVA, locate, MAVEN, setupPrograms } from "./programs.ts";
import { runTool } from "./run-tool.ts";

/** Where the jars of the tests' Kafka are; another version has another folder. */
export const KAFKA_JARS = join(TOOLS_FOLDER, "kafka-4.3.1");

/**
 * Make sure that the tests can start a Kafka: Java, and the broker's jars from Maven Central, fetched once.
 *
 * @throws Problem that says what to install, or what Maven said.
 */
export async function setupKafka(context: SetupContext = {}): Promise<void> {
  await setupPrograms(existsSync(KAFKA_JARS) ? [JAVA] : [JAVA, MAVEN], context);
  if (existsSync(KAFKA_JARS)) return;
  await mkdir(TOOLS_FOLDER, { recursive: true });
  const { signal } = context;
  const onWait = (): void => {};
  await withLock(join(TOOLS_FOLDER, "kafka.lock"), { onWait, signal }, async () => {
    if (existsSync(KAFKA_JARS)) return;
    await progressOf(context).step("fetch Kafka for the tests", async (step) => {
      const unfinished = `${KAFKA_JARS}.unfinished`;
      await rm(unfinished, { recursive: true, force: true });
      const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${unfinished}`];
      const args = ["-q", "-B", "-Dstyle.color=never", "-f", join(ROOT, "testing/kafka/pom.xml"), ...goal];
      await runTool({ command: locate(MAVEN), args, env: process.env, log: "kafka", step, signal });
      // The folder is there only after a complete download.
      await rename(unfinished, KAFKA_JARS);
    });
  });
}
