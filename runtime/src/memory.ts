import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

const LOOK_EVERY_MILLISECONDS = 100;
/** Calls that come in bursts must find the code as quick as it was. */
const BUSY_FOR_AT_LEAST_MILLISECONDS = 10_000;
/** Far more than measurements and schedules make, far less than what a runtime can do. */
const BUSY_CALLS_PER_SECOND = 5_000;

/**
 * Once new objects have so much room, V8 gives them no more: it would go on to several times that, for little. With
 * half of it what waits in memory is looked at more than twice as often, and four times as long in all.
 */
const ENOUGH_FOR_NEW_OBJECTS_BYTES = 32 * 1024 ** 2;

/**
 * How much garbage may gather in the old heap, in percent of what is live, while much is to be done. V8 counts bodies
 * of events in, though these are gone with the next look at new objects, and by its own measure marks all that is live
 * several times a second: that costs as much as everything else that is done for an event of a topic.
 */
const GARBAGE_PERCENT_WHEN_BUSY = 200;
/**
 * The same once the process was as large as {@link LARGE_BYTES}, until little is to be done: an event costs more then.
 * What is given back between two looks would otherwise let it grow by as much again.
 */
const GARBAGE_PERCENT_WHEN_BUSY_AND_LARGE = 60;
const LARGE_BYTES = 200 * 1024 ** 2;
/** Of --heap-growing-percent: V8 decides. */
const BY_OWN_MEASURE = 0;

/**
 * Give new objects no more room than they have. To be called before anything else: what is made while all is loaded
 * would have V8 give them more than a hundred megabytes, which they keep for as long as there is anything to do.
 */
export function beginSmall(): void {
  setFlagsFromString("--optimize-for-size");
  setFlagsFromString("--semi-space-growth-factor=1");
  // Of new objects so few are left when V8 looks at them that it takes longer to wake threads that help with it.
  setFlagsFromString("--no-parallel-scavenge");
}

/**
 * Keep memory small while little is to be done, and calls quick while much is.
 *
 * The live heap is about 20 MB, but V8 lets garbage, and what it compiles with, grow to several times that, which
 * looks like a leak for hours and is never given back. Told to optimize for size it does not: the memory of the
 * first minute is that of the last (npm run bench). That doubles the processor time of a call, which only counts
 * where there are thousands of them a second (npm run bench:workers).
 *
 * After {@link beginSmall}.
 *
 * @param countCalls how many calls there were so far.
 * @returns a function that stops looking.
 */
export function favourSizeUntilBusy(countCalls: () => number): () => void {
  let busyUntil = 0;
  let before = countCalls();
  let mayGrow = false;
  let wasLarge = false;
  let garbagePercent = BY_OWN_MEASURE;
  const timer = setInterval(() => {
    const calls = countCalls();
    const wasBusy = busyUntil > 0;
    const now = performance.now();
    if (calls - before > (BUSY_CALLS_PER_SECOND * LOOK_EVERY_MILLISECONDS) / 1000) {
      busyUntil = now + BUSY_FOR_AT_LEAST_MILLISECONDS;
    } else if (busyUntil < now) busyUntil = 0;
    before = calls;
    const isBusy = busyUntil > 0;
    const needsMore = isBusy && roomForNewObjects() < ENOUGH_FOR_NEW_OBJECTS_BYTES;
    if (needsMore !== mayGrow) {
      mayGrow = needsMore;
      setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
    }
    if (isBusy !== wasBusy) setFlagsFromString(isBusy ? "--no-optimize-for-size" : "--optimize-for-size");
    wasLarge = isBusy && (wasLarge || process.memoryUsage.rss() >= LARGE_BYTES);
    const percentWhenBusy = wasLarge ? GARBAGE_PERCENT_WHEN_BUSY_AND_LARGE : GARBAGE_PERCENT_WHEN_BUSY;
    const percent = isBusy ? percentWhenBusy : BY_OWN_MEASURE;
    if (percent === garbagePercent) return;
    garbagePercent = percent;
    setFlagsFromString(`--heap-growing-percent=${percent}`);
  }, LOOK_EVERY_MILLISECONDS);
  timer.unref();
  return () => clearInterval(timer);
}

function roomForNewObjects(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
}
