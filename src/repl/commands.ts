/** Commands of our own beside Moleculer's in `npm start -- --repl`: what the node would tell you if you asked it. */
import type { BrokerOptions, ServiceBroker } from 'moleculer';
import { outboxReport, runsReport, sessionReport, sessionsReport } from './reports.ts';

type Command = NonNullable<NonNullable<BrokerOptions['replOptions']>['customCommands']>[number];

/** Named arguments come as fields beside `options`. */
type Arguments = Parameters<Command['action']>[1] & { id?: string };

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
  command('session <id>', 'One session: owner, epoch, log, seq, state, run, what history has, its sockets.', (broker, args) => sessionReport(broker, args.id ?? '')),
  command('runs', 'Replies that ai nodes generate or still keep the text of.', runsReport),
  command('outbox', 'Audit entries that wait for delivery.', outboxReport),
];
