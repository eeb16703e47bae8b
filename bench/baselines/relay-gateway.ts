/**
 * Baseline "bare relay", the gateway: what comes on a room's Redis channel goes to the room's sockets. Nothing is kept,
 * nothing is owned: a reload, a reconnect or a crash loses the answer.
 */
import { Redis } from 'ioredis';
import { socketServer, type Asked } from './socket-server.ts';

const url = process.env['REDIS_URL'] ?? '';
const [commands, subscriber] = [new Redis(url), new Redis(url)];
const { io, listen } = socketServer();

subscriber.on('message', (room: string, message: string) => {
  if (message.startsWith('d')) io.to(room).emit('delta', [room, message.slice(1)]);
  else io.to(room).emit('end', room);
});
io.on('connection', (socket) => {
  socket.on('join', (room: string, ack: () => void) => {
    void socket.join(room);
    void subscriber.subscribe(room).then(ack);
  });
  socket.on('send', (room: string, content: string, ack: () => void) => {
    const asked: Asked = { room, content };
    void commands.rpush('asked', JSON.stringify(asked)).then(ack);
  });
  socket.on('stop', (room: string) => void commands.publish('stop', room));
});
listen();
