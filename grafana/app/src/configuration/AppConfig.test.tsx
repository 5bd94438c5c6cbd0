import { webcrypto } from "node:crypto";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { of } from "rxjs";
import type { AppConfigProps } from "./AppConfig";

const fetch = jest.fn((_request: { data: unknown }) => of({ data: {} }));
jest.mock("@grafana/runtime", () => ({
  config: { bootData: { user: { orgRole: "Admin", isSignedIn: true, login: "admin" } } },
  getBackendSrv: () => ({ fetch }),
  getAppEvents: () => ({ publish: () => {} }),
}));

async function show(meta: object) {
  Object.defineProperty(globalThis, "crypto", { value: webcrypto, configurable: true });
  const { default: AppConfig } = await import("./AppConfig");
  render(<AppConfig {...({ plugin: { meta }, query: {} } as unknown as AppConfigProps)} />);
}

const SET = { viewerSecret: true, editorSecret: true, adminSecret: true };

describe("AppConfig", () => {
  beforeEach(() => {
    fetch.mockClear();
    // jsdom cannot load the page again.
    jest.spyOn(console, "error").mockImplementation(() => {});
  });

  it("saves what is derived of the secret, and never the secret", async () => {
    await show({ enabled: false, jsonData: { other: 1 } });
    await userEvent.type(screen.getByLabelText(/Address/), "http://runtime:8420/");
    await userEvent.type(screen.getByLabelText(/GAUGELET_GRAFANA_SECRET/), "a secret of 24 letters!!");
    await userEvent.click(screen.getByRole("button", { name: "Save and enable" }));
    await waitFor(() => expect(fetch).toHaveBeenCalledTimes(1));
    const hex = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(fetch.mock.calls[0]?.[0].data).toEqual({
      enabled: true,
      pinned: true,
      jsonData: { other: 1, url: "http://runtime:8420" },
      secureJsonData: { viewerSecret: hex, editorSecret: hex, adminSecret: hex },
    });
    expect(JSON.stringify(fetch.mock.calls)).not.toContain("24 letters");
  });

  it("leaves secrets that are set as they are", async () => {
    await show({ enabled: true, pinned: false, jsonData: { url: "http://old:8420" }, secureJsonFields: SET });
    const address = screen.getByLabelText(/Address/);
    await userEvent.clear(address);
    await userEvent.type(address, "http://new:8420");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(fetch).toHaveBeenCalledTimes(1));
    expect(fetch.mock.calls[0]?.[0].data).toEqual({
      enabled: true,
      pinned: false,
      jsonData: { url: "http://new:8420" },
    });
  });

  it("saves nothing that cannot work", async () => {
    await show({ enabled: true, jsonData: {}, secureJsonFields: {} });
    await userEvent.type(screen.getByLabelText(/Address/), "runtime:8420");
    await userEvent.type(screen.getByLabelText(/GAUGELET_GRAFANA_SECRET/), "short");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText(/such as http:\/\/runtime:8420/)).toBeInTheDocument();
    expect(screen.getByText(/less than 16 characters/)).toBeInTheDocument();
    expect(fetch).not.toHaveBeenCalled();
  });
});
