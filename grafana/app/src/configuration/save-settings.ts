import { type FetchError, getBackendSrv } from "@grafana/runtime";
import { lastValueFrom } from "rxjs";
import { ApiError } from "../api/client";
import { ROLES, type Role } from "../api/role";
import { PLUGIN_ID } from "../constants";
import { SECRET_NAMES } from "./secrets";

/** What Grafana keeps of the app. */
export interface AppSettings {
  readonly isPinned: boolean;
  readonly jsonData: Readonly<Record<string, unknown>>;
  /** Undefined: those that are kept stay. */
  readonly secrets: Readonly<Record<Role, string>> | undefined;
}

/** Have Grafana keep the settings, and the app enabled. @throws ApiError with what Grafana says is wrong. */
export async function saveSettings({ isPinned, jsonData, secrets }: AppSettings): Promise<void> {
  const data = {
    enabled: true,
    pinned: isPinned,
    jsonData,
    ...(secrets !== undefined && {
      secureJsonData: Object.fromEntries(ROLES.map((role) => [SECRET_NAMES[role], secrets[role]])),
    }),
  };
  const url = `/api/plugins/${PLUGIN_ID}/settings`;
  try {
    await lastValueFrom(
      getBackendSrv().fetch({ url, method: "POST", data, showErrorAlert: false, showSuccessAlert: false }),
    );
  } catch (error) {
    const { status = 0, data: answer } = error as Partial<FetchError<{ message?: string }>>;
    throw new ApiError(status, "", answer?.message ?? `Grafana did not save it; its answer was ${status}`);
  }
}
