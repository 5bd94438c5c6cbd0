// The floor: a server that has the text ready and only sends it. It is told the file TEXT, and prints its port.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const text = readFileSync(process.env.TEXT ?? "");
const server = createServer((_, response) => {
  response.setHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.setHeader("Content-Length", text.length);
  response.end(text);
}).listen(0, "127.0.0.1", () => {
  console.log(`"port":${(server.address() as AddressInfo).port},"msg":"listening"`);
});
