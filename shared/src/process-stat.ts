/**
 * What Linux tells of a process in `/proc/<pid>/stat`, by the numbers that proc_pid_stat(5) gives its fields, from 3 on:
 * the second is a name in parentheses, which may hold blanks and parentheses itself.
 *
 * @param text all of that file.
 */
export function statFields(text: string): (number: number) => string | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (number) => fields[number - 3];
}
