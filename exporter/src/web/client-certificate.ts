import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ClientAuthType } from "./web-schema.ts";

/** Which clients may connect. */
export interface ClientPolicy {
  readonly type: ClientAuthType;
  /** Names of which a client's certificate must have one; undefined: any will do. */
  readonly allowedSans: readonly string[] | undefined;
}

/**
 * Why a client that has just finished its handshake may not go on; undefined where it may.
 *
 * A handshake alone proves that the client has the certificate's key; who issued the certificate is known from
 * `socket.authorized`.
 */
export function refusal({ type, allowedSans }: ClientPolicy, socket: TLSSocket): string | undefined {
  if (type === "NoClientCert") return undefined;
  const certificate = socket.getPeerX509Certificate();
  const mustVerify = type === "VerifyClientCertIfGiven" || type === "RequireAndVerifyClientCert";
  if (certificate === undefined) {
    return type.startsWith("Require") ? "the client shows no certificate" : undefined;
  }
  if (mustVerify && !socket.authorized) {
    return `the client's certificate is not accepted: ${String(socket.authorizationError)}`;
  }
  if (allowedSans !== undefined && !allowedSans.some((name) => hasSan(certificate, name))) {
    return "the client's certificate has none of client_allowed_sans";
  }
  return undefined;
}

function hasSan(certificate: X509Certificate, name: string): boolean {
  // Addresses have several spellings.
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  return alternativeNames(certificate.subjectAltName ?? "").includes(name);
}

const ALTERNATIVE_NAME = /(DNS|email|URI|[A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/**
 * The names of type DNS, e-mail and URI in the text that Node makes of them. Names with characters that could
 * be mistaken for the text's own are quoted in it as JSON, so that nobody can hide one name in another.
 */
export function alternativeNames(text: string): string[] {
  const names: string[] = [];
  ALTERNATIVE_NAME.lastIndex = 0;
  while (ALTERNATIVE_NAME.lastIndex < text.length) {
    const match = ALTERNATIVE_NAME.exec(text);
    // Of a text that cannot be read nothing is believed.
    if (match === null) return [];
    const [, type = "", value = ""] = match;
    if (!["DNS", "email", "URI"].includes(type)) continue;
    names.push(value.startsWith('"') ? (JSON.parse(value) as string) : value);
  }
  return names;
}
