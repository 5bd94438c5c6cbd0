import { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { colour, datasource } from "./common.ts";
import { ofFunction } from "./scope.ts";

/** Marks where a function began to serve another version of its code. */
export function deployments(): AnnotationQueryBuilder {
  const version = `gaugelet_function_version_info{${ofFunction}}`;
  return new AnnotationQueryBuilder()
    .name("Deployments")
    .datasource(datasource)
    .enable(true)
    .iconColor(colour.purple)
    .expr(`max by (function, version) (${version}) unless max by (function, version) (${version} offset 20s)`)
    .step("15s")
    .titleFormat("{{function}} deployed")
    .textFormat("version {{version}}");
}
