import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./ports.ts";
import { waitFor } from "./wait.ts";

const run = promisify(execFile);
const DEBIAN_VERSIONS = "/usr/lib/postgresql";

/** A real PostgreSQL of a test's own, on a free port of 127.0.0.1, with its data in a temporary folder. */
export interface TestPostgres {
  /** Address of a new, empty database of this server. */
  newDatabase(): Promise<string>;
  /** End the server as a crash would; its data stays. */
  crash(): Promise<void>;
  /** Start it again on the same port after {@link crash}. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Start a PostgreSQL server and wait until it answers. It refuses to run as root, who runs it as its own user. */
export async function startPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-postgres-"));
  const port = await freePort();
  const user = await serverUser();
  await chmod(folder, 0o700);
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const options = { cwd: folder, env: { ...process.env, LC_ALL: "C.UTF-8" }, ...user };
  const data = join(folder, "data");
  const initialise = ["-D", data, "-U", "gaugelet", "-A", "trust", "-E", "UTF8", "--no-sync"];
  await run(program("initdb"), initialise, options);

  let server: ReturnType<typeof spawn> | undefined;
  const isUp = (): Promise<boolean> =>
    run(program("pg_isready"), ["-h", "127.0.0.1", "-p", String(port)]).then(
      () => true,
      () => false,
    );
  const start = async (): Promise<void> => {
    const settings = ["-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${folder}`];
    server = spawn(program("postgres"), ["-D", data, "-p", String(port), ...settings], {
      ...options,
      stdio: "ignore",
    });
    await waitFor("PostgreSQL to answer", isUp, 60);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, "exit");
    server.kill(signal);
    await exit;
  };

  await start();
  let databases = 0;
  return {
    async newDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      await run(program("createdb"), ["-h", "127.0.0.1", "-p", String(port), "-U", "gaugelet", name]);
      return `postgresql://gaugelet@127.0.0.1:${port}/${name}`;
    },
    // Ends every connection at once, and writes nothing more.
    crash: () => end("SIGQUIT"),
    restart: start,
    async stop() {
      await end("SIGQUIT");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One of PostgreSQL's own programs: Debian keeps them in a folder per version. */
function program(name: string): string {
  const versions = existsSync(DEBIAN_VERSIONS) ? readdirSync(DEBIAN_VERSIONS) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? name : join(DEBIAN_VERSIONS, newest, "bin", name);
}

/** Whom root runs the server as: the user that comes with the package. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(["-u", "-g"].map((which) => run("id", [which, "postgres"])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}
