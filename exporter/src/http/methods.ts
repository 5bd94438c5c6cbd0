import type { RequestHandler } from "express";

/** Refuses a request whose path is right and whose method is not. */
export function only(...methods: readonly string[]): RequestHandler {
  const allowed = methods.join(", ");
  return ({ method }, response) =>
    void response
      .status(405)
      .set("Allow", allowed)
      .type("text")
      .send(`${method} is not possible here; use ${methods.join(" or ")}\n`);
}
