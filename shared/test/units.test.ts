import { describe, expect, test } from "vitest";
import {
  bytesSchema,
  durationSchema,
  formatBytes,
  formatDuration,
  parseBytes,
  parseDuration,
} from "../src/units.ts";

describe("a duration", () => {
  test.each([
    ["250ms", 0.25],
    ["5s", 5],
    ["1.5m", 90],
    ["1m30s", 90],
    ["2h", 7200],
    ["1d", 86_400],
    ["1d2h3m4s5ms", 93_784.005],
    ["0s", 0],
    ["007s", 7],
  ])("is read from %s", (text, seconds) => {
    expect(parseDuration(text)).toBeCloseTo(seconds, 9);
  });

  test.each([
    "",
    "5",
    "s",
    "5 s",
    " 5s",
    "5s ",
    "-5s",
    "+5s",
    "5S",
    "5sec",
    "1,5s",
    ".5s",
    "5.s",
    "1e3s",
    "5s\n",
    "∞s",
  ])("is not read from %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test.each([
    [0, "0ms"],
    [0.0004, "0ms"],
    [0.25, "250ms"],
    [0.9994, "999ms"],
    [0.9996, "1s"],
    [1, "1s"],
    [1.5, "1.5s"],
    [59.9996, "1m"],
    [90, "1m30s"],
    [61.1, "1m1.1s"],
    [3600, "1h"],
    [3600.001, "1h0.001s"],
    [93_784, "1d2h3m4s"],
    [24 * 86_400, "24d"],
  ])("of %d s is written as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  test("that is written is read back, to the millisecond", () => {
    for (let step = 1; step < 5000; step += 1) {
      const seconds = (step ** 3 * 7) / 1000;
      expect(parseDuration(formatDuration(seconds))).toBeCloseTo(seconds, 4);
    }
  });

  test("in a configuration is above 0 and no longer than a timer can wait", () => {
    expect(durationSchema.parse("1ms")).toBe(0.001);
    expect(durationSchema.parse("24d")).toBe(24 * 86_400);
    for (const text of ["0s", "0ms", "24d1ms", "1000000000d", "5", ""]) {
      expect(durationSchema.safeParse(text).error?.issues).toMatchObject([
        { message: expect.stringContaining("expected a duration above 0 and up to 24d with its unit") },
      ]);
    }
    expect(durationSchema.safeParse(5).success).toBe(false);
  });
});

describe("a size", () => {
  test.each([
    ["512", 512],
    ["64k", 64_000],
    ["2M", 2e6],
    ["1G", 1e9],
    ["64Ki", 65_536],
    ["16Mi", 16 * 1024 ** 2],
    ["1.5Gi", 1.5 * 1024 ** 3],
    ["0", 0],
  ])("is read from %s", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(["", "Mi", "1 Mi", "-1", "1mi", "1MB", "1K", "0x10", "1e3", "1.Mi", "1,5Mi", "1Mi\n"])(
    "is not read from %j",
    (text) => {
      expect(parseBytes(text)).toBeUndefined();
    },
  );

  test.each([
    [0, "0 B"],
    [812, "812 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1024 ** 2 - 1, "1.0 MiB"],
    [1_500_000, "1.4 MiB"],
    [1024 ** 3, "1.0 GiB"],
    [5000 * 1024 ** 3, "5000.0 GiB"],
  ])("of %i bytes is written as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test("in a configuration may be text or a number, above 0", () => {
    expect(bytesSchema.parse("64Ki")).toBe(65_536);
    expect(bytesSchema.parse(512)).toBe(512);
    for (const value of ["0", 0, -1, "x", 1e300]) {
      expect(bytesSchema.safeParse(value).error?.issues).toMatchObject([
        { message: "expected a size above 0, such as 512, 64Ki or 16Mi" },
      ]);
    }
  });
});
