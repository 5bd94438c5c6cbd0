import { render, screen } from "@testing-library/react";
import { Suspense } from "react";
import { lazily } from "./lazily";

test("what is loaded is shown", async () => {
  const Part = lazily(async () => ({ default: ({ name }: { name: string }) => <p>Hello {name}</p> }));
  render(
    <Suspense>
      <Part name="Ann" />
    </Suspense>,
  );
  await screen.findByText("Hello Ann");
});

test("where it cannot be loaded, it is said how to go on", async () => {
  const Part = lazily<object>(() => Promise.reject(new Error("Loading chunk 7 failed")));
  render(
    <Suspense>
      <Part />
    </Suspense>,
  );
  await screen.findByText("This part of the app could not be loaded");
  await screen.findByText("Reload the page");
});
