/** The audit trail by itself, for a tool that must work while every other store is away or lost. */
import type { Config } from '../config.ts';
import type { AuditOutbox, AuditSink } from './contracts.ts';
import { openEmbedded } from './embedded/embedded-backends.ts';

export interface Trail {
  readonly sink: Pick<AuditSink, 'read'>;
  /** Entries that were told and not yet delivered, where they lie in the same place; null: somewhere else. */
  readonly outbox: Pick<AuditOutbox, 'peek'> | null;
  close(): Promise<void>;
}

/** Throws StartError when the embedded store cannot be opened. */
export async function openTrail(config: Config): Promise<Trail> {
  if (config.mode === 'embedded') return openEmbedded(config);
  const { openKafkaSink } = await import('./cluster/kafka-sink.ts');
  const { sink, close } = openKafkaSink(config);
  return { sink, outbox: null, close };
}
