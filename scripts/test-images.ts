// npm run test:images: builds the images with buildah, podman or docker, whichever is there, twice, and runs them.
// NODE_IMAGE, PYTHON_IMAGE and GRAFANA_IMAGE name other images to make them from, GAUGELET_BUILD_ARGUMENT further
// arguments of the builder with spaces between, such as --network=host.
import { setupRegistry, setupServices } from "../stack/src/setup/programs.ts";
import { runProject } from "./vitest-project.ts";

await setupServices();
await setupRegistry();
await runProject("images");
