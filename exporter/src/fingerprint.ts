/**
 * A text that two values share only where they say the same, functions aside: compiled patterns have their source
 * beside them.
 */
export function fingerprintOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Map) return { map: [...inner] };
    if (inner === undefined) return { undefined: true };
    // JSON has neither infinity nor -0.
    if (typeof inner === "number") return { number: Object.is(inner, -0) ? "-0" : String(inner) };
    return inner;
  });
}
