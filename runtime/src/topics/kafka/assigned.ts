import type { Partition } from "../topics.ts";
import { FetchSize } from "./fetch-size.ts";

/** A partition that is this member's. */
export class Assigned {
  readonly partition: Partition;
  readonly topicId: string;
  /** The offset to go on with; undefined while it is looked for. */
  offset: number | undefined;
  /** Position of the last event that came. */
  last: string | undefined;
  readonly size = new FetchSize();
  isPaused = false;
  /** False once it is somebody else's, or is read anew. */
  isCurrent = true;

  constructor(partition: Partition, topicId: string) {
    this.partition = partition;
    this.topicId = topicId;
  }

  get isWanted(): boolean {
    return this.isCurrent && !this.isPaused && this.offset !== undefined;
  }
}
