// npm run bench: the runtime's latency and its memory over a day of measurements.
import { report } from "@gaugelet/testing/bench";
import { startRedis } from "@gaugelet/testing/redis-server";
import { benchLatency } from "../runtime/bench/latency.ts";
import { benchSoak } from "../runtime/bench/soak.ts";
import { setupServices } from "../stack/src/setup/programs.ts";

await setupServices();
const redis = await startRedis();
try {
  report("runtime", [...(await benchLatency(redis)), ...(await benchSoak(redis))]);
} finally {
  await redis.stop();
}
