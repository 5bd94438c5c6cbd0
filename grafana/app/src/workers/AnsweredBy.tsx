import { Text } from "@grafana/ui";

/** Whose word it is: what other instances do is not in it. */
export function AnsweredBy({ instance, what }: { instance: string; what: string }) {
  return (
    <Text element="p" color="secondary">
      These are the {what} of the instance that answered: <Text weight="medium">{instance}</Text>. Others have
      their own, which are not shown here; where several share one address, the next answer may come from
      another.
    </Text>
  );
}
