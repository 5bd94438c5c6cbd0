import { ROLES, type Role } from "../database/schema/access.ts";

/** Who asks. */
export interface Caller {
  /** A user's name, as in Grafana. */
  readonly user: string;
  readonly role: Role;
  /** How they are known. */
  readonly by: "token" | "grafana";
  /** The address that the request came from. */
  readonly address: string;
}

/** Whether a role has the rights of another. */
export function includesRole(has: Role, wanted: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(wanted);
}
