/**
 * What keeps topics from being read, in words; null: nothing does.
 *
 * @param missing topics that seem not to be there.
 * @param hidden those of them that this user has no right to, there or not.
 */
export function whyNotRead(missing: readonly string[], hidden: ReadonlySet<string>): string | null {
  const [first, ...others] = hidden.size > 0 ? hidden : missing;
  if (first === undefined) return null;
  const topics = others.length === 0 ? `topic ${first}` : `topic ${first} and ${others.length} more`;
  if (hidden.size > 0) return `this Kafka user has no right to ${topics}`;
  return others.length === 0
    ? `${topics} does not exist; it is waited for`
    : `${topics} do not exist; they are waited for`;
}
