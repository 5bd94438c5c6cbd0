import { activityIn } from "./activity";

function frame(name: string, times: number[], values: number[]) {
  return { schema: { fields: [{}, { labels: { function: name } }] }, data: { values: [times, values] } };
}

describe("activity", () => {
  it("has the rates, the share that failed, and the last minute with an invocation", () => {
    const activity = activityIn(
      [frame("busy", [1, 2, 3], [1, 3, 0]), frame("quiet", [1, 2, 3], [0, 0, 0])],
      [frame("busy", [1, 2, 3], [0, 1, 0])],
    );
    expect(activity.get("busy")).toEqual({ rates: [1, 3, 0], errorRatio: 0.25, lastAt: 2 });
    expect(activity.get("quiet")).toEqual({ rates: [0, 0, 0], errorRatio: undefined, lastAt: undefined });
  });
});
