// What only computes comes first: where jest runs everything in one process, each browser test leaves an
// AsyncLocalStorage of its driver behind, and every promise after it pays for all of them. The simulation makes many.
const Sequencer = require('@jest/test-sequencer').default;

const FIRST = /[\\/]test[\\/]simulation[\\/]/;

module.exports = class SimulationFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(({ path }) => FIRST.test(path)), ...sorted.filter(({ path }) => !FIRST.test(path))];
  }
};
