import { z } from "zod";

const SECONDS_PER_UNIT = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;
const BYTES_PER_UNIT = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
} as const;

/** Read a duration such as `250ms`, `5s`, `1.5m` or `1m30s`, in seconds; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    seconds += Number(amount) * SECONDS_PER_UNIT[unit as keyof typeof SECONDS_PER_UNIT];
  }
  return seconds;
}

/** Write seconds as people would: `250ms`, `5s`, `1m30s`. */
export function formatDuration(seconds: number): string {
  let rest = Math.round(seconds * 1000);
  if (rest < 1000) return `${rest}ms`;
  let text = "";
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return rest > 0 ? `${text}${rest / 1000}s` : text;
}

/** Read a size in Kubernetes' notation (`512`, `64k`, `256Mi`, `1Gi`), in bytes; undefined where it is none. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(k|M|G|Ki|Mi|Gi)?$/.exec(text);
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * BYTES_PER_UNIT[(match[2] ?? "") as keyof typeof BYTES_PER_UNIT]);
}

/** Write bytes as people would: `812 B`, `1.0 MiB`. */
export function formatBytes(bytes: number): string {
  let amount = bytes;
  for (const unit of ["B", "KiB", "MiB"]) {
    const text = unit === "B" ? String(amount) : amount.toFixed(1);
    if (Number(text) < 1024) return `${text} ${unit}`;
    amount /= 1024;
  }
  return `${amount.toFixed(1)} GiB`;
}

/** Timers hold milliseconds in 32 bits: a longer one would fire at once. */
const LONGEST_SECONDS = 24 * 86_400;

/** A schema for durations: text with a unit in, seconds out, above 0 and at most 24 days. */
export const durationSchema = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds <= 0 || seconds > LONGEST_SECONDS) {
    context.addIssue({
      code: "custom",
      message: "expected a duration above 0 and up to 24d with its unit, such as 250ms, 5s or 1m30s",
    });
    return z.NEVER;
  }
  return seconds;
});

/** A schema for sizes: Kubernetes' notation in, bytes (> 0) out. */
export const bytesSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const bytes = parseBytes(String(value));
  if (bytes === undefined || bytes <= 0) {
    context.addIssue({ code: "custom", message: "expected a size above 0, such as 512, 64Ki or 16Mi" });
    return z.NEVER;
  }
  return bytes;
});
