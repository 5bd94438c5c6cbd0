import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "./ports.ts";
import { waitFor } from "./wait.ts";

/** Where `npm test` puts the jars: stack/src/setup/kafka.ts. */
const JARS = fileURLToPath(new URL("../../.gaugelet/kafka-4.3.1", import.meta.url));
/** Quick to start, and small: a broker of a test lives for seconds. */
const LOGGING = fileURLToPath(new URL("../kafka/log4j2.xml", import.meta.url));
const JAVA_OPTIONS = [
  `-Dlog4j2.configurationFile=${LOGGING}`,
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-cp",
  `${JARS}/*`,
];
const START_SECONDS = 120;
const LOCALHOST = "127.0.0.1";

const run = promisify(execFile);

/** What a test Kafka is to be. */
export interface KafkaOptions {
  /** Brokers; three replicate everything, and two of them are enough. */
  readonly brokers?: 1 | 3;
  /** Users and passwords: clients then sign in with SASL, PLAIN or SCRAM-SHA-256. */
  readonly users?: Readonly<Record<string, string>>;
  /** Where clients find it; 127.0.0.1 where nothing is said. */
  readonly address?: string;
  /** A program and its arguments that brokers are started by, such as one that gives them another network. */
  readonly by?: readonly string[];
  /** Further properties of every broker. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** A real Kafka of a test's own, in KRaft mode, on free ports. */
export interface TestKafka {
  /** As clients name them. */
  readonly brokers: readonly string[];
  /** End a broker as a crash would; its data stay. Brokers are numbered from 1 on. */
  crash(broker: number): Promise<void>;
  /** Start it again. */
  restart(broker: number): Promise<void>;
  /** Freeze or thaw a broker: connections stay open, nothing answers. */
  freeze(broker: number): void;
  thaw(broker: number): void;
  stop(): Promise<void>;
}

/** Start a Kafka and wait until it takes requests. */
export async function startKafka(options: KafkaOptions = {}): Promise<TestKafka> {
  const count = options.brokers ?? 1;
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-kafka-"));
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  const ports = new Map<number, Ports>();
  for (const id of ids) ports.set(id, await freePorts());
  const portsOf = (id: number) => ports.get(id) ?? { client: 0, controller: 0, internal: 0 };
  const voters = ids.map((id) => `${id}@127.0.0.1:${portsOf(id).controller}`).join(",");
  const cluster = randomBytes(16).toString("base64url").replace(/^-/, "A");
  const running = new Map<number, ChildProcess>();

  const start = async (id: number): Promise<void> => {
    const file = join(folder, `${id}.properties`);
    const log = createWriteStream(join(folder, `${id}.log`), { flags: "w" });
    const heap = count === 1 ? "-Xmx320m" : "-Xmx256m";
    const java = ["java", heap, ...JAVA_OPTIONS, "kafka.Kafka", file];
    const [program = "", ...args] = [...(options.by ?? []), ...java];
    const broker = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
    });
    broker.stdout.pipe(log);
    broker.stderr.pipe(log);
    running.set(id, broker);
    await waitFor(
      `broker ${id} starting`,
      async () => {
        if (broker.exitCode !== null || broker.signalCode !== null)
          throw new Error(await lastWords(folder, id));
        return (await readFile(join(folder, `${id}.log`), "utf8")).includes("Kafka Server started");
      },
      START_SECONDS,
    );
  };
  const crash = async (id: number): Promise<void> => {
    const broker = running.get(id);
    if (broker === undefined || broker.exitCode !== null || broker.signalCode !== null) return;
    const exit = once(broker, "exit");
    broker.kill("SIGKILL");
    await exit;
  };
  const signal = (id: number, name: NodeJS.Signals): void => void running.get(id)?.kill(name);
  const stop = async (): Promise<void> => {
    await Promise.all(ids.map(crash));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };

  try {
    await Promise.all(
      ids.map(async (id) => {
        const properties = propertiesOf(id, count, portsOf(id), voters, folder, options);
        const text = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
        await mkdir(join(folder, String(id)));
        await writeFile(join(folder, `${id}.properties`), text.join(""));
        const file = join(folder, `${id}.properties`);
        const scram = Object.entries(options.users ?? {}).flatMap(([name, password]) => [
          "--add-scram",
          `SCRAM-SHA-256=[name=${name},password=${password}]`,
        ]);
        const format = ["kafka.tools.StorageTool", "format", "--cluster-id", cluster, "--config", file];
        await run("java", ["-Xmx128m", ...JAVA_OPTIONS, ...format, ...scram]);
      }),
    );
    await Promise.all(ids.map(start));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    brokers: ids.map((id) => `${options.address ?? LOCALHOST}:${portsOf(id).client}`),
    crash,
    restart: start,
    freeze: (id) => signal(id, "SIGSTOP"),
    thaw: (id) => signal(id, "SIGCONT"),
    stop,
  };
}

interface Ports {
  readonly client: number;
  readonly controller: number;
  readonly internal: number;
}

async function freePorts(): Promise<Ports> {
  return { client: await freePort(), controller: await freePort(), internal: await freePort() };
}

function propertiesOf(
  id: number,
  count: number,
  ports: Ports,
  voters: string,
  folder: string,
  { users, properties, address = LOCALHOST }: KafkaOptions,
): Record<string, string> {
  const enough = String(count > 1 ? count - 1 : 1);
  const replicas = String(count);
  const client = users === undefined ? "PLAINTEXT" : "SASL_PLAINTEXT";
  return {
    "process.roles": "broker,controller",
    "node.id": String(id),
    listeners: `CLIENT://${address}:${ports.client},CONTROLLER://127.0.0.1:${ports.controller},INTERNAL://127.0.0.1:${ports.internal}`,
    "inter.broker.listener.name": "INTERNAL",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": `CLIENT:${client},CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT`,
    "controller.quorum.voters": voters,
    "log.dirs": join(folder, String(id)),
    "default.replication.factor": replicas,
    "min.insync.replicas": enough,
    "offsets.topic.replication.factor": replicas,
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.min.isr": enough,
    "share.coordinator.state.topic.replication.factor": replicas,
    "share.coordinator.state.topic.min.isr": enough,
    "group.initial.rebalance.delay.ms": "0",
    // A broker that is gone is noticed soon, and may be back soon.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "auto.create.topics.enable": "false",
    ...(users === undefined ? {} : saslProperties(users)),
    ...properties,
  };
}

function saslProperties(users: Readonly<Record<string, string>>): Record<string, string> {
  const plain = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  const login = "org.apache.kafka.common.security";
  return {
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
    "listener.name.client.plain.sasl.jaas.config": `${login}.plain.PlainLoginModule required ${plain.join(" ")};`,
    "listener.name.client.scram-sha-256.sasl.jaas.config": `${login}.scram.ScramLoginModule required;`,
  };
}

async function lastWords(folder: string, id: number): Promise<string> {
  const text = await readFile(join(folder, `${id}.log`), "utf8").catch(() => "");
  return `broker ${id} ended: ${text.trim().split("\n").slice(-20).join("\n")}`;
}
