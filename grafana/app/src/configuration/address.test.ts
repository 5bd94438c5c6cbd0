import { addressFault, keptAddress } from "./address";

describe("address of the runtime", () => {
  it.each(["http://127.0.0.1:8420", "https://runtime.example", "http://gateway/gaugelet"])(
    "takes %s",
    (text) => expect(addressFault(text)).toBeUndefined(),
  );
  it.each([
    "",
    "runtime:8420",
    "127.0.0.1:8420",
    "ftp://runtime",
    "http://a:b@runtime",
    "http://runtime/api/v1",
    "http://runtime?x=1",
  ])("does not take %j", (text) => expect(addressFault(text)).toEqual(expect.any(String)));
  it("is kept without the slash that Grafana would double", () => {
    expect(keptAddress(" http://runtime:8420/ ")).toBe("http://runtime:8420");
  });
});
