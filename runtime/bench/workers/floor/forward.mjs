// The floor of the pipelined and of the one-by-one rows: a bare Node program in front of one Python loop.
import { obey } from "../drive.ts";
import { openPipe } from "./pipe.mjs";

const send = openPipe(process.env.HANDLER_FOLDER);
await obey({ floor: (event, answered) => send(event, () => answered()) });
