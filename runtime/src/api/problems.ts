/** Every problem that a request of the API may be answered with: its status, its title, and what to do about it. */
export const API_PROBLEMS = {
  "invalid-request": [400, "The request is not as it should be"],
  unauthenticated: [401, "Nobody is known to be asking"],
  forbidden: [403, "The role or the owner does not allow it"],
  "not-found": [404, "There is no such thing"],
  "method-not-allowed": [405, "The path is asked in another way"],
  conflict: [409, "It is in the way of something that is there"],
  gone: [410, "It was deleted"],
  "too-large": [413, "The request is too large"],
  "unsupported-media-type": [415, "The body is of a type that is not taken here"],
  "invalid-code": [422, "The code cannot be accepted"],
  "too-many-requests": [429, "Too much was asked in a short time"],
  "budget-spent": [429, "The budget is spent"],
  "load-failed": [500, "The code of the function cannot be loaded"],
  internal: [500, "Something is wrong with the server"],
  unavailable: [503, "Something that is needed is away"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** The stable name of a problem: the end of its type URI. */
export type ApiProblemCode = keyof typeof API_PROBLEMS;

/** What a handler throws to answer with a problem (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly code: ApiProblemCode;
  /** Further members of the answer. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail what is wrong with this one request, and what was expected. */
  constructor(
    code: ApiProblemCode,
    detail: string,
    members: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.code = code;
    this.members = members;
    this.headers = headers;
  }

  get status(): number {
    return API_PROBLEMS[this.code][0];
  }

  /** The body of the answer. */
  toJSON(): Record<string, unknown> {
    const [status, title] = API_PROBLEMS[this.code];
    return { type: `/problems/${this.code}`, title, status, detail: this.message, ...this.members };
  }
}
