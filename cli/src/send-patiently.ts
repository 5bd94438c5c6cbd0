import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { text } from "node:stream/consumers";

/** How long a server may be silent before it is asked whether it is there still, in milliseconds. */
const LOOK_AFTER_MILLISECONDS = 30_000;

/** What is sent. */
export interface PatientRequest {
  readonly method: string;
  readonly headers: Headers;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/**
 * Send a request, and wait for its answer for as long as the server is there: `fetch` gives up after five minutes, and
 * a call may take longer. Redirects are not followed.
 */
export async function sendPatiently(
  address: URL,
  { method, headers, body, signal }: PatientRequest,
): Promise<Response> {
  const request = address.protocol === "https:" ? requestHttps : requestHttp;
  const sent = request(address, { method, headers: Object.fromEntries(headers), ...(signal && { signal }) });
  sent.setSocketKeepAlive(true, LOOK_AFTER_MILLISECONDS);
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.on("response", resolve);
    // What fails after the answer has begun is of no interest.
    sent.on("error", reject);
    sent.end(body);
  });
  const answer = await text(message);
  const { statusCode: status = 0, headersDistinct } = message;
  const said = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  return new Response(answer === "" ? null : answer, { status, headers: said });
}
