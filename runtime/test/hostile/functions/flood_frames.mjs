import { writeSync } from "node:fs";

export function handler() {
  for (;;) {
    try {
      writeSync(3, Buffer.alloc(65_536, 0xff));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}
