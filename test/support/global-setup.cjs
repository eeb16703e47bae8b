// Tests of the running process need the built server and app: built once, only when a source is newer.
const { execFileSync } = require('node:child_process');
const path = require('node:path');

module.exports = async () => {
  if (process.env.SKIP_BUILD === '1') return;
  execFileSync(process.execPath, [path.join(__dirname, '../../scripts/build-if-needed.mjs')], { stdio: 'inherit' });
};
