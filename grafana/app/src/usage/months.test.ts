import { daysOf, monthFrom, monthsAfter } from "./months";

const NOW = Date.parse("2026-11-30T23:59:59Z");

describe("months", () => {
  it("goes over the ends of years", () => {
    expect(monthsAfter("2026-01", -1)).toBe("2025-12");
    expect(monthsAfter("2026-12", 1)).toBe("2027-01");
  });

  it("has every day of a month, of leap years too", () => {
    expect(daysOf("2028-02")).toHaveLength(29);
    expect(daysOf("2026-11").at(-1)).toBe("2026-11-30");
  });

  it("takes from the address only months that are there", () => {
    expect(monthFrom("2026-02", NOW)).toBe("2026-02");
    expect(monthFrom("2026-12", NOW)).toBe("2026-11");
    expect(monthFrom("2026-13", NOW)).toBe("2026-11");
    expect(monthFrom("", NOW)).toBe("2026-11");
  });
});
