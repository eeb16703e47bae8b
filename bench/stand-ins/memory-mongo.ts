/**
 * A stand-in for MongoDB that keeps all in memory and speaks as much of its protocol as Holdfast's history asks for. It is
 * here because no token passes MongoDB, and a stand-in on SQLite takes the cores away from what is measured.
 */
import { createServer, type Socket } from 'node:net';
import mongoose from 'mongoose';
import { answerTo, type Command } from './memory-mongo-commands.ts';

const { BSON } = mongoose.mongo;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER = 16;

function header(length: number, responseTo: number, opCode: number): Buffer {
  const bytes = Buffer.alloc(HEADER);
  [length, 0, responseTo, opCode].forEach((value, n) => bytes.writeInt32LE(value, n * 4));
  return bytes;
}

/** The body of an OP_MSG: one document, and lists of documents that belong to it under a name. */
function readMessage(message: Buffer): Command {
  let command: Command = {};
  const lists: Command = {};
  let at = HEADER + 4;
  while (at < message.length) {
    const kind = message[at];
    at += 1;
    const size = message.readInt32LE(at);
    if (kind === 0) command = BSON.deserialize(message.subarray(at, at + size));
    else {
      const end = message.indexOf(0, at + 4);
      lists[message.toString('utf8', at + 4, end)] = readDocuments(message.subarray(end + 1, at + size));
    }
    at += size;
  }
  return { ...command, ...lists };
}

function readDocuments(bytes: Buffer): Command[] {
  const documents: Command[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at)) documents.push(BSON.deserialize(bytes.subarray(at, at + bytes.readInt32LE(at))));
  return documents;
}

function answer(message: Buffer): Buffer {
  const [id, opCode] = [message.readInt32LE(4), message.readInt32LE(12)];
  if (opCode === OP_QUERY) {
    const from = message.indexOf(0, HEADER + 4) + 1 + 8;
    const body = BSON.serialize(answerTo(BSON.deserialize(message.subarray(from))));
    const fields = Buffer.alloc(20);
    fields.writeInt32LE(1, 16);
    return Buffer.concat([header(HEADER + 20 + body.length, id, OP_REPLY), fields, body]);
  }
  const body = BSON.serialize(answerTo(readMessage(message)));
  return Buffer.concat([header(HEADER + 5 + body.length, id, OP_MSG), Buffer.alloc(5), body]);
}

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (data: Buffer) => {
    rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const size = rest.readInt32LE(0);
      socket.write(answer(rest.subarray(0, size)));
      rest = rest.subarray(size);
    }
  });
}

createServer(serve).listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('ready'));
