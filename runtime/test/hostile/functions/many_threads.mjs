import { once } from "node:events";
import { Worker } from "node:worker_threads";

export async function handler() {
  const kept = [];
  for (let count = 0; count < 1000; count += 1) {
    const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
    await once(worker, "online");
    kept.push(worker);
  }
  return { could: ["start 1,000 threads"] };
}
