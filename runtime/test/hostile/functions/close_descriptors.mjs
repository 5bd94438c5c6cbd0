import { closeSync } from "node:fs";

export function handler() {
  for (let descriptor = 0; descriptor < 100; descriptor += 1) {
    try {
      closeSync(descriptor);
    } catch {
      // Not open.
    }
  }
  return { could: [] };
}
