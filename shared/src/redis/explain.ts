/** What to do, by the code of an error, the first word of its message, or all of it. */
export type RedisHints = Readonly<Record<string, string>>;

/**
 * Say in words what a Redis error means and what to do about it. The text never holds a password.
 *
 * @param instead hints in place of those that speak of the environment's variables.
 */
export function explainRedisError(error: unknown, instead: RedisHints = {}): string {
  const message = readable(error instanceof Error ? error.message : String(error));
  const word = /^[A-Z]+/.exec(message)?.[0] ?? "";
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? word;
  const hints = { ...HINTS, ...instead };
  const hint = hints[message] ?? hints[code] ?? hints[word];
  return hint === undefined ? message : `${message}: ${hint}`;
}

/** Say the same of an error that comes of asking Sentinels for the primary of this name. */
export function explainSentinelError(error: unknown, name: string): string {
  if (!isOfAllSentinels(error)) return explainRedisError(error, PRIMARY_HINTS);
  const { message } = error;
  const [, last = NO_SUCH_PRIMARY] = /Last error: (.*)$/s.exec(message) ?? [];
  if (last.includes(NO_SUCH_PRIMARY)) {
    return `no Sentinel knows a primary named ${name}; check REDIS_SENTINEL_NAME`;
  }
  if (last === "Connection is closed.") return "no Sentinel answers; check REDIS_SENTINELS";
  const hint = /^(NOAUTH|WRONGPASS) /.test(last) ? ": check REDIS_SENTINEL_PASSWORD" : "";
  return `no Sentinel can be asked: ${readable(last)}${hint}`;
}

/** Whether an error says that each Sentinel was asked for the primary, in vain. */
export function isOfAllSentinels(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith("All sentinels are unreachable");
}

/**
 * Of OpenSSL's own messages, which name threads and lines of its code, what they say; of our library's, which name its
 * options, what they come to. Where a key of a cluster is, is another place with each.
 */
function readable(message: string): string {
  if (message.startsWith("MOVED ")) return "MOVED";
  if (/^Stream isn't writeable|^Reached the max retries/.test(message))
    return "there is no connection to Redis";
  const [, silence] = /^Socket timeout\. .*in (\d+)ms/.exec(message) ?? [];
  if (silence !== undefined) return `Redis said nothing for ${Number(silence) / 1000} s`;
  return /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1] ?? message;
}

const NO_SUCH_PRIMARY = "No such master with that name";
/** Where the primary is said by Sentinels. */
const PRIMARY_HINTS: RedisHints = {
  ECONNREFUSED: "nothing listens there, and the Sentinels name no other primary yet",
  ETIMEDOUT: "no answer, and the Sentinels name no other primary yet",
};
const UNKNOWN_AUTHORITY = "nobody we know vouches for its certificate; set REDIS_TLS_CA_FILE";
const CLIENT_CERTIFICATE =
  "it wants another certificate of us; set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE";

const HINTS: RedisHints = {
  ECONNREFUSED: "nothing listens there; start Redis or set REDIS_HOST and REDIS_PORT",
  ENOTFOUND: "no such host; check REDIS_HOST",
  ETIMEDOUT:
    "no answer; check REDIS_HOST, REDIS_PORT, the network between, and REDIS_TLS where it speaks no TLS",
  NOAUTH: "Redis asks for a password; set REDIS_PASSWORD (and REDIS_USERNAME for an ACL user)",
  WRONGPASS: "Redis refuses this user or password; check REDIS_USERNAME and REDIS_PASSWORD",
  NOPERM: "this Redis user lacks a right; grant it with ACL SETUSER",
  READONLY: "this Redis is a read-only replica; connect to the primary",
  OOM: "Redis is full; raise maxmemory, remove keys or choose an eviction policy",
  MISCONF: "Redis cannot save to its disk and refuses writes; free disk space or check its log",
  LOADING: "Redis is still loading its data; this passes by itself",
  MOVED:
    "this Redis is one of a cluster; the exporter reads one by REDIS_CLUSTER_NODES in place of REDIS_HOST, the runtime needs one Redis, or Sentinels",
  "ERR This instance has cluster support disabled":
    "this Redis is no cluster; set REDIS_HOST and REDIS_PORT in place of REDIS_CLUSTER_NODES",
  CLUSTERDOWN: "the cluster misses nodes; look at its CLUSTER INFO",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: "its certificate has expired; renew it",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name; set REDIS_TLS_SERVER_NAME",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS there; use its TLS port or unset REDIS_TLS",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CLIENT_CERTIFICATE,
  WRONGTYPE: "the key holds another type than a string; delete it or choose another key",
};
