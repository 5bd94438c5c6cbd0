import { expect, test } from "vitest";
import { type Route, StreamedAnswer } from "../../src/api/route.ts";
import { metaRoutes } from "../../src/api/routes/meta.ts";

test("what anybody may ask for is put together once", async () => {
  let looks = 0;
  const [document, page] = metaRoutes(
    new Proxy<Route[]>([], {
      get: (routes, field, receiver) => {
        if (field === Symbol.iterator) looks += 1;
        return Reflect.get(routes, field, receiver);
      },
    }),
  );
  const ask = async (route: Route | undefined) => route?.handle({} as Parameters<Route["handle"]>[0]);
  const [one, other] = [await ask(document), await ask(document)];
  expect(one).toMatchObject({ openapi: "3.1.0" });
  expect(other).toBe(one);
  for (let time = 0; time < 2; time += 1) expect(await ask(page)).toBeInstanceOf(StreamedAnswer);
  expect(looks).toBe(1);
});
