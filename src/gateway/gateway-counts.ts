/** What a gateway counts as it goes: plain numbers, for some of them grow with every frame. */
import { Tally } from '../metrics.ts';

export interface GatewayCounts {
  framesOut: number;
  bytesOut: number;
  slowReadersCut: number;
  floodsCut: number;
  resyncs: number;
  /** By code. */
  loginsRefused: Tally;
  sendsRefused: Tally;
}

export function createCounts(): GatewayCounts {
  return { framesOut: 0, bytesOut: 0, slowReadersCut: 0, floodsCut: 0, resyncs: 0, loginsRefused: new Tally(), sendsRefused: new Tally() };
}
