// npm run test:images: builds the images with buildah, podman or docker, whichever is there, twice, and runs them.
// NODE_IMAGE and PYTHON_IMAGE name other images to make them from, GAUGELET_BUILD_ARGUMENT further arguments of the
// builder with spaces between, such as --network=host.
import { setupServices } from "../stack/src/setup/programs.ts";
import { runProject } from "./vitest-project.ts";

await setupServices();
await runProject("images");
