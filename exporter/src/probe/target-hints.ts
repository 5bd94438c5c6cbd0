import type { RedisHints } from "@gaugelet/shared/redis/explain";

const ITEM = "its item under targets of the configuration";
const UNKNOWN_AUTHORITY = `nobody we know vouches for its certificate; set caFile of ${ITEM}`;
const CLIENT_CERTIFICATE = "it wants a certificate of us, and probes have none";

/** What to do where a Redis that is probed is away: it is the configuration that says how to reach it. */
export function targetHints(target: string): RedisHints {
  return {
    ECONNREFUSED: `nothing listens at ${target}`,
    ENOTFOUND: `no such host as in ${target}`,
    EAI_AGAIN: `nobody can say now where the host of ${target} is`,
    ETIMEDOUT: `no answer from ${target}; it may be behind a firewall, or speak no TLS where rediss: is asked for`,
    NOAUTH: `${target} asks for a password; set password or passwordFile (and username for an ACL user) of ${ITEM}`,
    WRONGPASS: `${target} refuses this user or password; check username and password of ${ITEM}`,
    MOVED: `${target} is one of a cluster, which probes cannot follow`,
    DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
    SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
    ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name; probe it by that name",
    ERR_SSL_WRONG_VERSION_NUMBER: `${target} does not speak TLS; probe its TLS port, or with redis:`,
    ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERTIFICATE,
    ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CLIENT_CERTIFICATE,
  };
}
