import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OverlayImages } from "../../src/kubernetes/image-digests.ts";
import { ROOT } from "../../src/root.ts";

const PROGRAM = join(ROOT, "stack/src/kubernetes/digests.ts");
const DIGESTS = ["a", "b"].map((letter) => `sha256:${letter.repeat(64)}`);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-digests-"));
});

afterEach(() => rm(folder, { recursive: true }));

const write = (text: string): Promise<void> => writeFile(join(folder, "kustomization.yaml"), text);

test("digests are written beside the tags, and the rest of the file stays as it is", async () => {
  await write(`# Ours.
resources:
  - ../base # what all have
images:
  - { name: redis, newName: docker.io/library/redis, newTag: "7" }
  - name: runtime
    newTag: 0.10
    digest: sha256:${"0".repeat(64)}
`);
  const overlay = await OverlayImages.read(folder);
  expect(overlay.open).toEqual(["runtime"]);
  expect(overlay.withDigests(DIGESTS)).toBe(`# Ours.
resources:
  - ../base # what all have
images:
  - { name: redis, newName: docker.io/library/redis, newTag: "7", digest: ${DIGESTS[0]} }
  - name: runtime
    newTag: 0.10
    digest: ${DIGESTS[1]}
`);
});

test("a tag is what is written, not a number", async () => {
  await write("images: [{ name: redis, newTag: 7.20 }]");
  const [image] = (await OverlayImages.read(folder)).images;
  expect(image).toEqual({ name: "redis", tag: "7.20", digest: undefined });
});

test.each([
  ["images: [", "kustomization.yaml: "],
  [undefined, "kustomization.yaml cannot be read; expected the folder of an overlay"],
])("a file %j is refused, and named", async (text, message) => {
  if (text !== undefined) await write(text);
  await expect(OverlayImages.read(folder)).rejects.toThrow(message);
});

test("our overlay prod is refused as long as nobody has said its digests, with what to do", async () => {
  await cp(join(ROOT, "kustomize/overlays/prod/kustomization.yaml"), join(folder, "kustomization.yaml"));
  const check = promisify(execFile)(process.execPath, [PROGRAM, "--check", folder]);
  await expect(check).rejects.toThrow(
    /have no digest yet: registry\.example\.com\/gaugelet\/runtime,[\s\S]*npm run kubernetes:digests -- /,
  );
  const overlay = await OverlayImages.read(folder);
  await write(overlay.withDigests(overlay.images.map(() => DIGESTS[0] ?? "")));
  await promisify(execFile)(process.execPath, [PROGRAM, "--check", folder]);
});

test.each(["dev", "kafka-scale", "course"])(
  "our overlay %s has no digest that is to be said",
  async (overlay) => {
    await promisify(execFile)(process.execPath, [
      PROGRAM,
      "--check",
      join(ROOT, "kustomize/overlays", overlay),
    ]);
  },
);
