import { bothRooms, parseRoom, sessionRoom, userRoom } from '../../../../src/gateway/sockets/rooms.ts';

test('G5 a room names its user: the same session of two users is two rooms', () => {
  expect(sessionRoom('delta', 'alice', 's1')).not.toBe(sessionRoom('delta', 'bob', 's1'));
  expect(sessionRoom('accumulated', 'alice', 's1')).not.toBe(sessionRoom('accumulated', 'bob', 's1'));
  expect(userRoom('alice')).not.toBe(userRoom('bob'));
});

test('G5 no room has the length of a socket id, whatever the session is called', () => {
  for (let length = 1; length <= 64; length += 1) {
    const rooms = bothRooms('alice', 's'.repeat(length));
    expect(rooms.map((room) => room.length)).not.toContain(20);
    expect(rooms.map(parseRoom)).toEqual([
      { sessionId: 's'.repeat(length), mode: 'delta' },
      { sessionId: 's'.repeat(length), mode: 'accumulated' },
    ]);
  }
  expect(userRoom('alice')).not.toHaveLength(20);
});

test('G5 rooms of users and of single sockets are no sessions', () => {
  expect(parseRoom(userRoom('alice'))).toBeUndefined();
  expect(parseRoom('bl8Yk2mJQ7aAAAAAAAAA')).toBeUndefined();
});
