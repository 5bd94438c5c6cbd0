/** The title of a page about something that people named: one long word is broken where it has to be. */
export function PageTitle({ title }: { title: string }) {
  return <h1 style={{ overflowWrap: "anywhere" }}>{title}</h1>;
}
