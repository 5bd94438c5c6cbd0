import { ANSWERS } from "./answers.ts";
import { NO_HEAD, type ReceivedFrame } from "./frames.ts";
import { FrameType, type LimitName, RESULT_OUTCOMES, ResultNumbers, type ResultOutcome } from "./protocol.ts";

/** What a call came to. */
export interface CallResult {
  readonly outcome: ResultOutcome;
  /** Seconds in the handler. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** The most memory that the process has used so far. */
  readonly memoryBytes: number;
  /** The output as JSON; empty unless the outcome is ok. */
  readonly output: Buffer;
  readonly message: string;
  readonly details: string;
  readonly notFinite: readonly string[];
  readonly limit: LimitName | undefined;
}

const PLAIN = { message: "", details: "", notFinite: [], limit: undefined } as const;

/** Read a `result`; undefined where the frame is none of the call with this id: a function can write frames too. */
export function readCallResult(frame: ReceivedFrame, id: number): CallResult | undefined {
  const { bytes, bodyStart } = frame;
  if (frame.type !== FrameType.result || frame.bodyEnd - bodyStart < ResultNumbers.bytes) return undefined;
  if (bytes.readUInt32BE(bodyStart + ResultNumbers.id) !== id) return undefined;
  const outcome = RESULT_OUTCOMES[bytes.readUInt32BE(bodyStart + ResultNumbers.outcome)];
  const head = frame.head === NO_HEAD ? PLAIN : ANSWERS.result.safeParse(frame.head).data;
  if (outcome === undefined || head === undefined) return undefined;
  return {
    outcome,
    seconds: amountAt(bytes, bodyStart + ResultNumbers.seconds),
    cpuSeconds: amountAt(bytes, bodyStart + ResultNumbers.cpuSeconds),
    memoryBytes: amountAt(bytes, bodyStart + ResultNumbers.memoryBytes),
    output: frame.bodyFrom(ResultNumbers.bytes),
    message: head.message ?? "",
    details: head.details ?? "",
    notFinite: head.notFinite ?? [],
    limit: head.limit,
  };
}

/** A number that a function may have forged: what is no amount is none. */
function amountAt(bytes: Buffer, position: number): number {
  const amount = bytes.readDoubleBE(position);
  return amount >= 0 && amount < Number.MAX_SAFE_INTEGER ? amount : 0;
}
