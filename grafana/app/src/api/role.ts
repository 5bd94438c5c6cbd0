import { config } from "@grafana/runtime";

export const ROLES = ["viewer", "editor", "admin"] as const;

/** What somebody may do at the API; each has the rights of those before it. */
export type Role = (typeof ROLES)[number];

/** The API's role of whoever looks at the page: that of the route of the data proxy which Grafana opens to them. */
export function currentRole(): Role {
  const { orgRole, isGrafanaAdmin } = config.bootData.user;
  if (orgRole === "Admin" || isGrafanaAdmin) return "admin";
  return orgRole === "Editor" ? "editor" : "viewer";
}

/** Whether whoever looks at the page may do what needs a role. What they may not is hidden; the API refuses it too. */
export function mayAs(role: Role): boolean {
  return ROLES.indexOf(currentRole()) >= ROLES.indexOf(role);
}

/** Login of whoever looks at the page; undefined: nobody is signed in, whom the API does not know. */
export function currentUser(): string | undefined {
  const { isSignedIn, login } = config.bootData.user;
  return isSignedIn ? login : undefined;
}
