import { z } from "zod";
import type { AuditEntry } from "../../access/audit-list.ts";
import type { Token } from "../../access/own-tokens.ts";
import type { SecretName } from "../../access/secrets.ts";
import { userName } from "../../access/user-name.ts";
import type { User } from "../../access/users.ts";
import { ROLES } from "../../database/schema/access.ts";

export const role = z.enum(ROLES).describe("What a user may do; each role has the rights of those before it");

const time = z.iso.datetime();

/** In a path or a body. */
export const user = userName.describe("A login, as in Grafana");

export const userAnswer = z.object({
  name: z.string(),
  role,
  origin: z.enum(["api", "grafana"]).describe("Who gave the role: an administrator, or Grafana by a visit"),
  createdAt: time,
  deletedAt: time.nullable(),
});

export function toUser({ name, role, origin, createdAt, deletedAt }: User): z.input<typeof userAnswer> {
  return {
    name,
    role,
    origin,
    createdAt: createdAt.toISOString(),
    deletedAt: deletedAt?.toISOString() ?? null,
  };
}

export const tokenAnswer = z.object({
  id: z.uuid(),
  user: z.string(),
  name: z.string(),
  createdAt: time,
  expiresAt: time.nullable().describe("null: never"),
  lastUsedAt: time.nullable().describe("To the minute; null: never used"),
});

export function toToken(token: Token): z.input<typeof tokenAnswer> {
  const { id, user, name, createdAt, expiresAt, lastUsedAt } = token;
  return {
    id,
    user,
    name,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}

export const secretAnswer = z.object({
  owner: z.string(),
  name: z.string(),
  updatedAt: time,
  updatedBy: z.string(),
});

export function toSecret({ owner, name, updatedAt, updatedBy }: SecretName): z.input<typeof secretAnswer> {
  return { owner, name, updatedAt: updatedAt.toISOString(), updatedBy };
}

export const auditAnswer = z.object({
  id: z.int(),
  at: time,
  user: z.string(),
  action: z.string().describe("Such as `user.create`"),
  target: z.string(),
  details: z.record(z.string(), z.unknown()),
  address: z.string().describe("Where the request came from"),
});

export function toAudit({ at, details, ...rest }: AuditEntry): z.input<typeof auditAnswer> {
  return { ...rest, at: at.toISOString(), details: details as Record<string, unknown> };
}
