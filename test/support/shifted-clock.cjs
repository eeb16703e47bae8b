/** Preloaded into a node: SIGWINCH makes it read from the file CLOCK_FILE by how many ms its clock is wrong from now on. */
const { readFileSync } = require('node:fs');

const RealDate = Date;
let wrongBy = 0;
const now = () => RealDate.now() + wrongBy;

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }

  static now() {
    return now();
  }
};

process.on('SIGWINCH', () => {
  wrongBy = Number(readFileSync(process.env.CLOCK_FILE, 'utf8'));
});
