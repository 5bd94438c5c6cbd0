import { expect, test } from "vitest";
import { acceptsGzip, negotiate } from "../src/http/negotiation.ts";

const TEXT = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** What scrapers send: Prometheus 2.42 without and with native histograms, and Prometheus 3. */
const PROMETHEUS_2 =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_2_PROTOBUF =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

test.each([
  [undefined, TEXT],
  ["", TEXT],
  ["*/*", TEXT],
  ["text/html,application/xhtml+xml,*/*;q=0.8", TEXT],
  ["application/json", TEXT],
  ["text/plain", TEXT],
  ["text/plain;version=0.0.4", TEXT],
  ["text/plain;version=2.0.0", TEXT],
  ["text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"],
  ["text/plain;version=1.0.0;escaping=dots", "text/plain; version=1.0.0; charset=utf-8; escaping=dots"],
  ["text/plain;version=0.0.4;escaping=values", `${TEXT}; escaping=values`],
  ["application/openmetrics-text", `${OPENMETRICS}; escaping=underscores`],
  [
    "application/openmetrics-text;version=0.0.1",
    "application/openmetrics-text; version=0.0.1; charset=utf-8",
  ],
  ["application/openmetrics-text;version=9", TEXT],
  ["application/openmetrics-text;q=0,text/plain", TEXT],
  ["text/plain;q=0.4,application/openmetrics-text;q=0.5", `${OPENMETRICS}; escaping=underscores`],
  ["text/plain;q=x", TEXT],
  [
    "Application/OpenMetrics-Text; Version=1.0.0; Escaping=allow-utf8",
    `${OPENMETRICS}; escaping=allow-utf-8`,
  ],
  [
    'application/openmetrics-text;version="1.0.0";escaping="; \\r\\n"',
    `${OPENMETRICS}; escaping=underscores`,
  ],
  [PROMETHEUS_2, `${OPENMETRICS}; escaping=underscores`],
  [PROMETHEUS_2_PROTOBUF, `${OPENMETRICS}; escaping=underscores`],
  [PROMETHEUS_3, `${OPENMETRICS}; escaping=allow-utf-8`],
])("%s", (accept, contentType) => {
  expect(negotiate(accept).contentType).toBe(contentType);
});

test.each([
  [undefined, false],
  ["identity", false],
  ["gzip", true],
  ["deflate, gzip;q=0.5", true],
  ["gzip;q=0", false],
])("gzip for %s: %s", (header, isTaken) => {
  expect(acceptsGzip(header)).toBe(isTaken);
});
