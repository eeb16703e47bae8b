// Stands in for a node of the product: answers /ready where a node would, drains on SIGTERM, says what it was given.
const { createServer } = require('node:http');

const { NODE_ID, HOST, PORT, PROBE_PORT, STAND_IN_BROKEN } = process.env;
process.stdout.write(`{"msg":"${NODE_ID} begins"}\n`);
if (STAND_IN_BROKEN === NODE_ID) {
  process.stderr.write('holdfast: this one cannot start\n');
  process.exit(1);
}
let draining = false;
const server = createServer((req, res) => {
  if (req.url === '/ready') return res.writeHead(draining ? 503 : 200).end();
  res.end(JSON.stringify({ ...process.env, pid: process.pid }));
});
server.listen(Number(PORT || PROBE_PORT), HOST);
process.on('SIGTERM', () => {
  draining = true;
  setTimeout(() => process.exit(0), 200);
});
