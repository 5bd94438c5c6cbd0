import { once } from "node:events";
import { connect } from "node:net";
import { Tries } from "./probe.mjs";

const reach = async (options) => {
  const socket = connect(options);
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
};

export async function handler({ ports }) {
  const tries = new Tries();
  await tries.try("connect to Redis", () => reach({ host: "127.0.0.1", port: ports.redis }));
  await tries.try("connect to a database's port", () => reach({ host: "127.0.0.1", port: ports.database }));
  await tries.try("connect to the runtime", () => reach({ host: "127.0.0.1", port: ports.runtime }));
  return tries.result();
}
