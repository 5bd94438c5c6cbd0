import { expect, test } from "vitest";
import { ScheduleTrigger } from "../../src/triggers/schedule/trigger.ts";

/** The source of the first tick, which comes at once. */
function sourceOf(timeZone: string): Promise<string> {
  return new Promise((resolve) => {
    const trigger = new ScheduleTrigger({ schedule: "1h", timeZone });
    trigger.start(({ source }) => {
      trigger.stop();
      resolve(source);
    });
  });
}

test("schedules with one text in several time zones do not take each other's place", async () => {
  expect(await sourceOf("UTC")).toBe("schedule:1h");
  expect(await sourceOf("Europe/Berlin")).not.toBe("schedule:1h");
  expect(await sourceOf("Europe/Berlin")).not.toBe(await sourceOf("Asia/Tokyo"));
});
