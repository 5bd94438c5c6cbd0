import { z } from "zod";
import { instanceSchema } from "../../instances/instance.ts";
import type { InstanceRegistry } from "../../instances/registry.ts";
import { withEngineProblems } from "../engine-problems.ts";
import { ApiProblem } from "../problems.ts";
import { type Route, route } from "../route.ts";

const TAG = "Instances";

/** The runtimes that share a Redis with this one. */
export function instanceRoutes(registry: InstanceRegistry): Route[] {
  return [
    route(
      {
        method: "get",
        path: "/instances",
        operationId: "listInstances",
        tag: TAG,
        summary: "The runtimes that are there: where, on what, and what they run",
        description:
          "Each says so every 5 seconds; one that ended without a word is listed for 16 seconds more.",
        role: "viewer",
        status: 200,
        answer: z.object({ count: z.number(), items: z.array(instanceSchema), next: z.null() }),
        problems: [],
      },
      () =>
        withEngineProblems(async () => {
          const items = await registry.list();
          return { count: items.length, items, next: null };
        }),
    ),
    route(
      {
        method: "get",
        path: "/instances/{id}",
        operationId: "getInstance",
        tag: TAG,
        summary: "One runtime",
        role: "viewer",
        params: z.object({ id: z.string().min(1).max(300) }),
        status: 200,
        answer: instanceSchema,
        problems: ["not-found"],
      },
      ({ params: { id } }) =>
        withEngineProblems(async () => {
          const found = await registry.get(id);
          if (found === undefined)
            throw new ApiProblem("not-found", `there is no instance ${id}, or no more`);
          return found;
        }),
    ),
  ];
}
