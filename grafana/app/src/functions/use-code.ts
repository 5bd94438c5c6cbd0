import { useEffect, useState } from "react";
import { type ApiError, ask } from "../api/client";
import type { VersionDetails } from "../api/types";

/** The files of a version, as text. */
export interface Code {
  readonly version: VersionDetails;
  readonly files: Readonly<Record<string, string>>;
}

/** Read the code of a version of a function. */
export async function readCode(name: string, version: number, signal?: AbortSignal): Promise<Code> {
  const options = signal === undefined ? {} : { signal };
  const details = await ask<VersionDetails>("GET", `/functions/${name}/versions/${version}`, options);
  const texts = await Promise.all(
    details.files.map((path) =>
      ask<string>("GET", `/functions/${name}/versions/${version}/file`, {
        query: { path },
        isText: true,
        ...options,
      }),
    ),
  );
  return {
    version: details,
    files: Object.fromEntries(details.files.map((path, at) => [path, texts[at] ?? ""])),
  };
}

/** The code of a version; undefined until it is there. */
export function useCode(name: string, version: number | null): { code?: Code; error?: ApiError } {
  const [state, setState] = useState<{ code?: Code; error?: ApiError }>({});
  useEffect(() => {
    if (version === null) return;
    const stopping = new AbortController();
    const { signal } = stopping;
    setState({});
    readCode(name, version, signal).then(
      (code) => !signal.aborted && setState({ code }),
      (error: ApiError) => !signal.aborted && setState({ error }),
    );
    return () => stopping.abort();
  }, [name, version]);
  return state;
}
