// The end of a run: what was skipped, by name, and the last line with what passed, failed and was skipped, in a form
// scripts read.
const path = require('node:path');

module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const lines = [...skips(results), `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`];
    setImmediate(() => process.stdout.write(`${lines.join('\n')}\n`));
  }
};

function skips(results) {
  return results.testResults.flatMap((file) =>
    file.testResults
      .filter(({ status }) => status === 'pending' || status === 'todo')
      .map(({ fullName }) => `skipped: ${path.relative(process.cwd(), file.testFilePath)}: ${fullName}`),
  );
}
