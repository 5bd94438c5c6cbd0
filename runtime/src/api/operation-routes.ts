import type { Database } from "../database/database.ts";
import { DeadLetters } from "../dead-letters/dead-letters.ts";
import { FunctionOwners } from "../functions/owners.ts";
import type { Route } from "./route.ts";
import { deadLetterRoutes } from "./routes/dead-letters.ts";
import { instanceRoutes } from "./routes/instances.ts";
import { topicRoutes } from "./routes/topics.ts";
import { workerRoutes } from "./routes/workers.ts";
import type { ApiParts } from "./start.ts";

/** Routes of what runs: topics, dead letters, workers and instances. */
export function operationRoutes(
  db: Database,
  { redis, functions, sources, topics, scalings, instances }: ApiParts,
): Route[] {
  return [
    ...topicRoutes({
      db,
      topics: async () => (await topics.open()).engine,
      definitions: () => functions.runners.map(({ definition }) => definition),
    }),
    ...deadLetterRoutes({ db, letters: new DeadLetters(redis), owners: new FunctionOwners(db, sources) }),
    ...workerRoutes({ instance: instances.id, runners: () => functions.runners, scalings }),
    ...instanceRoutes(instances),
  ];
}
