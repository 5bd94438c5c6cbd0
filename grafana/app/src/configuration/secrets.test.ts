import { webcrypto } from "node:crypto";
import { canDerive, deriveSecrets, isDerived } from "./secrets";

describe("secrets of the routes", () => {
  it("cannot be derived where the browser offers no cryptography", () => {
    expect(canDerive()).toBe(false);
  });

  it("are those that openssl makes", async () => {
    Object.defineProperty(globalThis, "crypto", { value: webcrypto, configurable: true });
    expect(canDerive()).toBe(true);
    // printf <role> | openssl dgst -sha256 -hmac 'correct horse battery staple é' -r
    expect(await deriveSecrets("correct horse battery staple é")).toEqual({
      viewer: "9d9229544daedded29b5189349cc9cd40a5a6df3de98fa18a82ce5ba477553d7",
      editor: "7b9fb473a1edc37c8a9d98b2aef93d94436bffd49e84f265fe17fe7422301940",
      admin: "bbc40af3840fee8eac4b0d525ba6797023f3937a96a9cddaa37b86e5e4313564",
    });
  });

  it("are 64 hexadecimal digits", () => {
    expect(isDerived("9d9229544daedded29b5189349cc9cd40a5a6df3de98fa18a82ce5ba477553d7")).toBe(true);
    expect(isDerived("9d9229544daedded *stdin")).toBe(false);
  });
});
