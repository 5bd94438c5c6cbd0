import { MAX_ENTRIES, MAX_UNPACKED_BYTES, MAX_ZIP_BYTES } from "../zip-entries.ts";

/** How large an upload may be, and what looking through it may cost. */
export interface UploadLimits {
  /** Of the zip, both the one that comes and the one that is stored. */
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  /** Files and folders. */
  readonly entries: number;
  /** Of the modules together: they are compiled, data is not. */
  readonly codeBytes: number;
  /** Memory of the process that compiles. */
  readonly checkMemoryBytes: number;
  /** CPU seconds of the process that compiles. */
  readonly checkCpuSeconds: number;
  /** Seconds that it may take in all. */
  readonly checkSeconds: number;
  /** Seconds that a URL may take to be fetched. */
  readonly downloadSeconds: number;
}

/** The limits where none are told. */
export const UPLOAD_LIMITS: UploadLimits = {
  packedBytes: MAX_ZIP_BYTES,
  unpackedBytes: MAX_UNPACKED_BYTES,
  entries: MAX_ENTRIES,
  codeBytes: 32 * 1024 ** 2,
  checkMemoryBytes: 512 * 1024 ** 2,
  checkCpuSeconds: 10,
  checkSeconds: 60,
  downloadSeconds: 30,
};
