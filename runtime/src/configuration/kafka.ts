export interface KafkaAddress {
  readonly brokers: readonly string[];
}
export function kafkaAddressFrom(_environment: NodeJS.ProcessEnv): KafkaAddress | undefined {
  return undefined;
}
