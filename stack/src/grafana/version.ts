/** The Grafana that is fetched where the machine has none. */
export const GRAFANA_VERSION = "12.4.0";
