// The types moleculer-web 0.11 ships do not compile (two kinds of export, missing packages): what we use of it.
declare module 'moleculer-web' {
  import type { IncomingMessage, ServerResponse } from 'node:http';
  import type { ServiceSchema } from 'moleculer';

  export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

  export interface RouteSchema {
    path: string;
    aliases?: Record<string, Middleware>;
    use?: Middleware[];
    bodyParsers?: false;
    mappingPolicy?: 'restrict';
    mergeParams?: false;
    logging?: boolean;
  }

  interface StaticOptions {
    index?: string | false;
    redirect?: boolean;
    dotfiles?: 'allow' | 'deny' | 'ignore';
    cacheControl?: boolean;
    setHeaders?: (res: ServerResponse, path: string) => void;
  }

  const ApiGateway: Partial<ServiceSchema> & {
    bodyParser: {
      json(options: { limit: number; strict?: boolean; inflate?: boolean; type?: (req: IncomingMessage) => boolean }): Middleware;
    };
    serveStatic: (folder: string, options: StaticOptions) => Middleware;
  };
  export default ApiGateway;
}
