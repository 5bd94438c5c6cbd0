// The floor of the HTTP rows: Node's own HTTP server in front of one Python loop.
import { createServer } from "node:http";
import { openPipe } from "./pipe.mjs";

const send = openPipe(process.env.HANDLER_FOLDER);
const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    send(Buffer.concat(chunks), (output) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": output.length });
      response.end(output);
    });
  });
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("disconnect", () => process.exit());
