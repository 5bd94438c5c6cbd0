import { Stack, Text } from "@grafana/ui";
import type { TopicDetails } from "../api/types";
import { Problem } from "../components/Problem";
import { FunctionLetters } from "./FunctionLetters";
import { FunctionLink } from "./Readers";
import type { LetterCount } from "./use-letter-counts";

/** Events that the readers of a topic could not handle: by function, since each has its own. */
export function DeadLetters({
  topic: { readers },
  counts,
  onChanged,
}: {
  topic: TopicDetails;
  counts: ReadonlyMap<string, LetterCount>;
  onChanged: () => void;
}) {
  if (readers.length === 0) {
    return <Text color="secondary">No function reads this topic, so none has failed on its events.</Text>;
  }
  return (
    <Stack direction="column" gap={3}>
      <Text color="secondary">
        An event that failed at every attempt waits here until it is replayed or dropped. Each function has
        its own, also those of other topics that it reads.
      </Text>
      {readers.map(({ function: name }) => {
        const count = counts.get(name);
        if (count === undefined) return null;
        if ("count" in count) {
          return <FunctionLetters key={name} name={name} count={count.count} onChanged={onChanged} />;
        }
        return (
          <section key={name} aria-label={`Dead letters of ${name}`}>
            <Text element="h3" variant="h5">
              <FunctionLink name={name} />
            </Text>
            {"isOthers" in count ? (
              <Text color="secondary">Its dead letters are for its owner and administrators.</Text>
            ) : (
              <Problem error={count.error} onRetry={onChanged} />
            )}
          </section>
        );
      })}
    </Stack>
  );
}
