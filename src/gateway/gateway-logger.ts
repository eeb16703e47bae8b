/** What the gateway logs with: fields first, so that no error is dropped. */
type Log = (fields: object, text: string) => void;

export interface GatewayLogger {
  info: Log;
  warn: Log;
  error: Log;
}
