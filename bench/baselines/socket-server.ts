/** The part all socket baselines share: socket.io on PORT once `listen` is called, GET anything is 200. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

export interface Asked {
  room: string;
  content: string;
}

export function socketServer(): { io: Server; listen(): void } {
  const http = createServer((_, response) => response.end('ok'));
  const io = new Server(http, { transports: ['websocket'], serveClient: false });
  return { io, listen: () => void http.listen(Number(process.env['PORT']), '127.0.0.1') };
}
