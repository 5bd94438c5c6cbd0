import { Alert, TextLink } from "@grafana/ui";
import { mayAs } from "../api/role";
import type { TopicDetails } from "../api/types";
import { APP_PATH } from "../constants";
import { FunctionLink } from "./Readers";

/** That what was sent is kept, and where to see what comes of it. */
export function Accepted({ title, topic: { readers } }: { title: string; topic: TopicDetails }) {
  return (
    <Alert severity="success" title={title}>
      {readers.length === 0 ? (
        "No function reads this topic yet: what was sent is kept."
      ) : (
        <>
          What was sent is kept, and handled by{" "}
          {readers.map(({ function: name }, index) => (
            <span key={name}>
              {index > 0 && ", "}
              <FunctionLink name={name} />
            </span>
          ))}
          .{" "}
          {mayAs("editor")
            ? "See "
            : "What they make of it shows in their outputs; what you called yourself, in "}
          <TextLink href={`${APP_PATH}/runs${mayAs("editor") ? "?trigger=topic" : ""}`} inline>
            {mayAs("editor") ? "the runs" : "your runs"}
          </TextLink>
          .
        </>
      )}
    </Alert>
  );
}
