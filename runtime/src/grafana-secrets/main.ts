// node runtime/src/grafana-secrets/main.ts FOLDER: writes the secrets by which the runtime knows Grafana's requests,
// where one of them is not there yet: `secret` for the runtime, and `viewer`, `editor` and `admin` for Grafana, which
// runs as another user.
import { writeGrafanaSecretFiles } from "@gaugelet/shared/grafana-secret-files";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("expected a folder to write the secrets into");
  process.exitCode = 2;
} else {
  await writeGrafanaSecretFiles(folder, { roleMode: 0o644 });
}
