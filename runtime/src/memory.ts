import { setFlagsFromString } from "node:v8";

// Imported first. The runtime's live heap is about 20 MB, but V8 lets garbage grow to twice that before the
// first full collection, which looks like a leak for hours and is never given back. With these flags the
// memory of the first minute is that of the last (npm run bench); throughput was the same within noise.
setFlagsFromString("--optimize-for-size");
setFlagsFromString("--max-semi-space-size=2");
