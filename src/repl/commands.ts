/** Commands of our own beside Moleculer's at the prompt: what the nodes would tell you if you asked them. */
import type { BrokerOptions, ServiceBroker } from 'moleculer';
import { clusterReport, healthReport } from './node-reports.ts';
import { socketsReport, userReport } from './people-reports.ts';
import { CONFIRM, releaseReport } from './release.ts';
import { outboxReport, runsReport, sessionReport, sessionsReport } from './reports.ts';

type Command = NonNullable<NonNullable<BrokerOptions['replOptions']>['customCommands']>[number];

/** Named arguments come as fields beside `options`. */
type Arguments = Parameters<Command['action']>[1] & { id?: string; options?: { yesIKnow?: boolean } };

function command(usage: string, description: string, report: (broker: ServiceBroker, args: Arguments) => Promise<string>): Command {
  return {
    command: usage,
    description,
    async action(broker, args) {
      const text = await report(broker, args);
      process.stdout.write(`${text}\n`);
    },
  };
}

export const replCommands: Command[] = [
  command('sessions', 'Sessions in memory: owner, epoch, log, seq, state, run.', sessionsReport),
  command('session <id>', 'One session: owner, epoch, log, seq, state, run, its lock, what history has, its sockets.', (broker, args) => sessionReport(broker, args.id ?? '')),
  command('sockets', 'Who is connected: user, gateway, since when, when last heard, from where, with which sessions.', socketsReport),
  command('user <id>', 'One user: sockets, sessions in memory, sessions in history.', (broker, args) => userReport(broker, args.id ?? '')),
  command('runs', 'Replies that ai nodes generate or still keep the text of.', runsReport),
  command('outbox', 'Audit entries that wait for delivery.', outboxReport),
  command('cluster', 'Every node: services, sockets, sessions, load and capacity.', clusterReport),
  command('health', 'What this installation depends on, as this node reaches it.', healthReport),
  {
    ...command('release <id>', `Frees a session whose lock is stuck. Shows who holds it; does it only with ${CONFIRM}.`, (broker, args) =>
      releaseReport(broker, args.id ?? '', args.options?.yesIKnow === true),
    ),
    options: [{ option: CONFIRM, description: 'Take the lock away from the owner that is shown.' }],
  },
];
