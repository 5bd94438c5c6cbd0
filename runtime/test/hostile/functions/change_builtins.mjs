/** Breaks what all JavaScript in this process uses. */
export function handler() {
  JSON.stringify = () => "no JSON";
  JSON.parse = () => ({ forged: true });
  Object.defineProperty(Object.prototype, "limit", { get: () => "memory" });
  Buffer.prototype.readUInt32BE = () => 0;
  Array.prototype.push = () => {};
  return { could: [] };
}
