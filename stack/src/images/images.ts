/** An image of this project. */
export interface Image {
  /** Its short name, and the end of its full one: `gaugelet-<name>`. */
  readonly name: string;
  readonly dockerfile: string;
  /** A stage of it; undefined: the last. */
  readonly target: string | undefined;
  /** Images that it is made from, by the build argument that names them. */
  readonly bases: Readonly<Record<string, string>>;
}

const NODE = { NODE_IMAGE: "node:24-bookworm-slim" };
const PYTHON = { PYTHON_IMAGE: "python:3.11-slim-bookworm" };

/** All of them. */
export const IMAGES: readonly Image[] = [
  { name: "runtime", dockerfile: "Dockerfile.runtime", target: undefined, bases: { ...NODE, ...PYTHON } },
  { name: "runtime-slim", dockerfile: "Dockerfile.runtime", target: "slim", bases: { ...NODE, ...PYTHON } },
  { name: "exporter", dockerfile: "Dockerfile.exporter", target: undefined, bases: NODE },
  {
    name: "grafana",
    dockerfile: "grafana/Dockerfile",
    target: undefined,
    bases: { ...NODE, GRAFANA_IMAGE: "grafana/grafana:12.4.0" },
  },
];

/** What an image is called. */
export function fullName({ name }: Image, tag: string): string {
  return `localhost/gaugelet-${name}:${tag}`;
}
