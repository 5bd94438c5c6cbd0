import type { ApiError } from "../api/client";
import type { Role } from "../api/role";

/** What came of a question to the API over the route of a role, and what to do about it. */
export interface Finding {
  readonly isOk: boolean;
  readonly title: string;
  readonly advice?: string;
}

/** What the runtime answers to `/me`. */
export interface Me {
  readonly user: string;
  readonly role: Role;
  readonly by: string;
}

const WRONG_SECRET =
  "The runtime’s GAUGELET_GRAFANA_SECRET is another than the one that the app’s secrets were made of, or is not set. Set it in the runtime’s environment and start the runtime again, or replace the secrets here with those of the right one.";
const NO_USER =
  "Grafana does not say whose request it is. Set send_user_header = true in the section [dataproxy] of grafana.ini, or GF_DATAPROXY_SEND_USER_HEADER=true in Grafana’s environment, and start Grafana again.";
const UNREACHABLE =
  "Is the address right, as Grafana’s server sees it (not your browser)? Does the runtime run, and listen on an address that Grafana reaches (GAUGELET_RUNTIME_ADDRESS)? Does http or https fit? Grafana’s log has the reason.";
const NO_CATALOG =
  "The runtime runs with GAUGELET_CATALOG=off, or is older than its API. Start it with a catalog.";
const NOT_THE_API =
  "Something else is at this address. The runtime’s API has the port of its functions, 8420 unless set otherwise.";

/** What an answer of success says; anything may have answered it. */
export function explainAnswer(role: Role, answer: unknown): Finding {
  if (!isMe(answer))
    return { isOk: false, title: "It is not the runtime’s API that answers", advice: NOT_THE_API };
  if (answer.role === role && answer.by === "grafana") {
    return { isOk: true, title: `It knows ${answer.user}, with the role ${answer.role}` };
  }
  return {
    isOk: false,
    title: `It takes ${answer.user} for ${answer.role}, not for ${role}`,
    advice: "The secrets are not in their places: replace all three.",
  };
}

/** What an error says. */
export function explainError({
  status,
  code,
  message: said,
}: Pick<ApiError, "status" | "code" | "message">): Finding {
  const message = said.trim();
  const bad = (title: string, advice: string): Finding => ({ isOk: false, title, advice });
  if (code === "unauthenticated") {
    if (message.includes("x-gaugelet-proxy-secret"))
      return bad("The runtime does not take the secret", WRONG_SECRET);
    if (message.includes("x-grafana-user")) return bad("The runtime is not told who is asking", NO_USER);
    return bad("The runtime does not let you in", `${message}.`);
  }
  if (code === "unavailable") {
    return bad("The runtime is there, but its catalog is not", `It says: ${message}. Its log has more.`);
  }
  if (code !== "") return bad("The runtime answers with a problem", `It says: ${message}.`);
  if (status === 502 || status === 504) return bad("Grafana cannot reach the address", UNREACHABLE);
  if (status === 0) return bad("Your browser cannot reach Grafana", `It says: ${message}.`);
  if (status === 403) {
    return bad(
      "Grafana does not let you use this route",
      "Your role in this organization is too low for it.",
    );
  }
  if (message.includes("Could not parse url")) {
    return bad("Grafana cannot read the address", "Is one set? It begins with http:// or https://.");
  }
  if (status === 404 && /plugin/i.test(message)) {
    return bad(
      "Grafana does not know the app’s settings yet",
      "Save them here first; after an upgrade start Grafana again.",
    );
  }
  if (status === 404 && message.includes("/healthz")) {
    return bad(
      "This is the runtime’s management port",
      "The API has another port: 8420 unless set otherwise.",
    );
  }
  if (status === 404 && message.startsWith("nothing at /api/v1/")) {
    return bad("The runtime is there, but has no API", NO_CATALOG);
  }
  if (status === 404) return bad("There is no API at the address", `${NOT_THE_API} It says: ${message}.`);
  return bad(
    "It is not the runtime’s API that answers",
    `${NOT_THE_API} Its answer was ${status}: ${message}.`,
  );
}

function isMe(answer: unknown): answer is Me {
  return (
    typeof answer === "object" && answer !== null && "user" in answer && "role" in answer && "by" in answer
  );
}
