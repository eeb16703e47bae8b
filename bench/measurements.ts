/** Every measurement by its name, in the order in which all are run. */
import { appFrames } from './app/frames.ts';
import { carry } from './carry.ts';
import { clusterCarry } from './cluster/carry.ts';
import { clusterEgress } from './cluster/egress.ts';
import { clusterHop } from './cluster/hop.ts';
import { reconnect } from './cluster/reconnect.ts';
import { resume } from './cluster/resume.ts';
import { clusterScale } from './cluster/scale.ts';
import { takeoverHang, takeoverKill } from './cluster/takeover.ts';
import { clusterTimes } from './cluster/times.ts';
import { hop } from './hop.ts';
import type { Options } from './options.ts';
import { stop } from './stop.ts';

export const measurements: Record<string, (options: Options) => Promise<void>> = {
  hop,
  carry,
  stop,
  'cluster-hop': clusterHop,
  'cluster-carry': clusterCarry,
  'cluster-scale': clusterScale,
  'cluster-egress': clusterEgress,
  'cluster-times': clusterTimes,
  resume,
  reconnect,
  'takeover-kill': takeoverKill,
  'takeover-hang': takeoverHang,
  'app-frames': appFrames,
};
