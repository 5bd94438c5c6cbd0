import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Badge, Stack, Text, useStyles2 } from "@grafana/ui";
import type { DeadLetter, NewestEvent } from "../api/types";
import { Facts } from "../components/Facts";
import { json } from "../components/format";
import { TextBlock } from "../components/TextBlock";

/** What is shown of an event, in a topic or among dead letters. */
export type ShownEvent = Pick<NewestEvent | DeadLetter, "headers" | "value" | "text" | "isCut">;

/** The event, as JSON or as the text that it is, with its headers. */
export function EventDetails({ event: { value, text, isCut, headers } }: { event: ShownEvent }) {
  const names = Object.keys(headers);
  return (
    <Stack direction="column" gap={2}>
      <TextBlock
        title="Event"
        text={text ?? json(value)}
        note={
          isCut ? (
            <Badge color="orange" icon="exclamation-triangle" text="Cut: the first 64 KiB" />
          ) : text === null ? undefined : (
            <Badge color="orange" icon="exclamation-triangle" text="No JSON" />
          )
        }
      />
      {names.length > 0 && (
        <section aria-label="Headers">
          <Text element="h3" variant="h5">
            Headers
          </Text>
          <Facts facts={names.map((name) => [name, headers[name]] as const)} />
        </section>
      )}
    </Stack>
  );
}

/** An event in one line, for tables. */
export function EventLine({ event: { value, text } }: { event: ShownEvent }) {
  return <span className={useStyles2(getLineStyle)}>{text ?? JSON.stringify(value)}</span>;
}

const getLineStyle = (theme: GrafanaTheme2) =>
  css({
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.secondary,
  });
