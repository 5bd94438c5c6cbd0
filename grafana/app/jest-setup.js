// Jest setup provided by Grafana scaffolding
import "./.config/jest-setup";
import { configure } from "@testing-library/react";

// Generous, as nothing here is a measurement: the machine may be busy.
configure({ asyncUtilTimeout: 20_000 });
