import { EmptyState, FilterInput, Stack, Text } from "@grafana/ui";
import type { Answer, Instance } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Columns } from "../components/Columns";
import { Loaded } from "../components/Loaded";
import { useQueryState } from "../components/use-query-state";
import { InstanceCard } from "./InstanceCard";
import { InstanceDrawer } from "./InstanceDrawer";

/** The runtimes that share this one's Redis. */
export function Instances() {
  const [{ text, instance }, change] = useQueryState(["text", "instance"]);
  const asked = useAsk<Answer<"listInstances">>("/instances", {}, 5);
  return (
    <Loaded asked={asked}>
      {({ items }) => {
        const found = items.filter((each) => isAbout(each, text));
        return (
          <Stack direction="column" gap={2}>
            <Stack alignItems="center" gap={2} wrap="wrap">
              <FilterInput
                aria-label="Find instances by host, address, image or function"
                placeholder="Host, address, image or function"
                width={40}
                value={text}
                escapeRegex={false}
                onChange={(value) => change({ text: value })}
              />
              <Text color="secondary">
                {found.length} of {items.length} shown. Each says how it is every 5 seconds.
              </Text>
            </Stack>
            {found.length === 0 ? (
              <EmptyState
                variant="not-found"
                message={`No instance has “${text}” in its host, address, image or functions`}
              />
            ) : (
              <Columns minWidth={44} gap={2}>
                {found.map((each) => (
                  <InstanceCard
                    key={each.id}
                    instance={each}
                    onDetails={() => change({ instance: each.id })}
                  />
                ))}
              </Columns>
            )}
            {instance !== "" && (
              <InstanceDrawer
                id={instance}
                instance={items.find(({ id }) => id === instance)}
                onClose={() => change({ instance: undefined })}
              />
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function isAbout({ id, host, address, image, functions }: Instance, text: string): boolean {
  const part = text.toLowerCase();
  return [id, host, address, image, ...functions.map(({ name }) => name)].some(
    (each) => each?.toLowerCase().includes(part) === true,
  );
}
