const FIRST_SECONDS = 0.1;
const LONGEST_SECONDS = 30;

/** How long to wait before the next start after `failures` failures in a row: 0.1 s, doubling up to 30 s. */
export function backOffSeconds(failures: number): number {
  return failures <= 0 ? 0 : Math.min(FIRST_SECONDS * 2 ** (failures - 1), LONGEST_SECONDS);
}
