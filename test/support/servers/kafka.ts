/** A real Kafka broker for tests; it takes about five seconds to start. Guard with `describeWith(['kafka'], …)`. */
import { kafkaIsReady, startKafka, type KafkaOptions } from '../../../scripts/servers/kafka.ts';
import type { LocalServer } from '../../../scripts/servers/local-server.ts';
import { allowBuilding, serverFolder, untilFileEnds } from './started.ts';

allowBuilding(kafkaIsReady());

/** Ends with the test file. The same `dir` and `port` as one that was stopped: the same broker again, with its data. */
export function testKafka(options: Partial<KafkaOptions> = {}): Promise<LocalServer> {
  return untilFileEnds(startKafka({ ...options, dir: options.dir ?? serverFolder('kafka') }));
}
