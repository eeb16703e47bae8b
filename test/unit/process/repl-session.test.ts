import { EventEmitter } from 'node:events';
import { ServiceBroker } from 'moleculer';
import { followRepl } from '../../../src/process/repl-session.ts';

describe('the REPL of a broker', () => {
  test('closes with it, and without ending the process as it would by itself', () => {
    const events: string[] = [];
    const server = Object.assign(new EventEmitter(), {
      close() {
        events.push('closed');
        server.emit('exit');
      },
    });
    server.on('exit', () => events.push('the process would end'));
    const broker = new ServiceBroker({ logger: false, skipProcessEventRegistration: true });
    broker.repl = () => server;
    const end = followRepl(broker);
    end();
    expect(events).toEqual([]);
    broker.repl();
    end();
    expect(events).toEqual(['closed']);
  });
});
