import moleculer, { ServiceBroker } from 'moleculer';
import { loadConfig } from '../../../src/config.ts';
import { loggerConfig } from '../../../src/process/logging.ts';

function logs(env: Record<string, string> = {}) {
  const lines: string[] = [];
  const broker = new ServiceBroker({
    nodeID: 'node-1',
    logger: loggerConfig(loadConfig(env), false, { write: (line) => void lines.push(line) }),
    skipProcessEventRegistration: true,
  });
  lines.length = 0;
  return { logger: broker.getLogger('probe'), lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('the log', () => {
  test('a line is JSON with time, level, node, module and the ids it was given', () => {
    const { logger, last } = logs();
    logger.info({ sessionId: 's1', runId: 'r1' }, 'claimed');
    expect(last()).toMatchObject({ level: 'info', nodeID: 'node-1', mod: 'probe', sessionId: 's1', runId: 'r1', msg: 'claimed', time: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  test.each([
    { token: 'SECRET' },
    { params: { content: 'SECRET', token: 'SECRET' } },
    { req: { headers: { authorization: 'Bearer SECRET' } } },
    { chunk: { text: 'SECRET' } },
    { run: { messages: [{ content: 'SECRET' }] } },
  ])('N9 message text and tokens never reach the log: %j', (fields) => {
    const { logger, lines } = logs();
    logger.error(fields, 'refused');
    expect(lines.join('')).toContain('refused');
    expect(lines.join('')).not.toContain('SECRET');
  });

  test('N9 an error is logged by its words and its stack, without the fields it carries', () => {
    const { logger, lines, last } = logs();
    const error = new moleculer.Errors.MoleculerError('it failed', 500, 'internal', { params: 'SECRET' });
    logger.error({ err: error }, 'a call failed');
    expect(last()).toMatchObject({ msg: 'a call failed', err: { message: 'it failed', type: 'internal', stack: expect.stringContaining('logging.test') } });
    expect(lines.join('')).not.toContain('SECRET');
  });

  test('an error given after the text, as Moleculer does it, is kept', () => {
    const { logger, last } = logs();
    logger.error('it went wrong', new Error('the reason'));
    expect(last()).toMatchObject({ msg: 'it went wrong', err: { message: 'the reason' } });
  });

  test('LOG_LEVEL is the lowest level that is logged', () => {
    const { logger, lines } = logs({ LOG_LEVEL: 'warn' });
    logger.info('quiet');
    logger.warn('loud');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('loud');
  });
});
