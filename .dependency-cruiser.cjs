// Imports go down only, and columns never look sideways. test/architecture.test.ts runs these rules over the project
// and proves on a seeded tree that each of them fires.
const columns = 'gateway|session-owner|ai|history|audit';
// What belongs to one running process: its settings for the broker, its start and its end, its inspection commands.
const process = 'src/(process|repl)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', comment: 'A circle has no floor.', from: {}, to: { circular: true } },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      comment: 'An import that leads nowhere.',
      from: {},
      to: { couldNotResolve: true },
    },

    // ---- floors
    {
      name: 'protocol-is-the-ground',
      severity: 'error',
      comment: 'The wire contract stands on zod alone; it runs in the browser too.',
      from: { path: '^src/protocol/' },
      to: { pathNot: '^src/protocol/|node_modules/zod/' },
    },
    {
      name: 'ground-stands-on-ground',
      severity: 'error',
      comment: 'Files right under src/ and the contracts are used by everyone, so they use nobody above them.',
      from: { path: '^src/[^/]+[.]ts$|^src/backends/contracts[.]ts$' },
      to: { path: '^src/', pathNot: '^src/protocol/|^src/[^/]+[.]ts$|^src/backends/contracts[.]ts$' },
    },
    {
      name: 'nothing-imports-upward',
      severity: 'error',
      comment: 'src/ does not know who uses it.',
      from: { path: '^src/' },
      to: { path: '^(services/|tools/|moleculer[.]config|public/|test/|bench/|scripts/)' },
    },
    {
      name: 'tests-stay-outside',
      severity: 'error',
      comment: 'The product never needs its tests.',
      from: { path: '^(src/|services/|tools/|public/|moleculer[.]config)' },
      to: { path: '^(test|bench)/' },
    },

    // ---- columns
    {
      name: 'services-do-not-import-services',
      severity: 'error',
      comment: 'Services meet through the broker.',
      from: { path: '^services/' },
      to: { path: '^services/' },
    },
    {
      name: 'service-uses-its-own-column',
      severity: 'error',
      comment: 'services/X stands on src/X.',
      from: { path: '^services/(' + columns + ')[.]service' },
      to: { path: '^src/(' + columns + ')/', pathNot: '^src/$1/' },
    },
    {
      name: 'columns-do-not-meet',
      severity: 'error',
      comment: 'What two columns share belongs to the ground.',
      from: { path: '^src/(' + columns + ')/' },
      to: { path: '^src/(' + columns + ')/', pathNot: '^src/$1/' },
    },
    {
      name: 'process-stands-apart',
      severity: 'error',
      comment: 'How a process runs knows no column, and no column or service knows how it is run.',
      from: { path: '^' + process },
      to: { path: '^src/(' + columns + ')/' },
    },
    {
      name: 'only-the-entry-uses-process',
      severity: 'error',
      comment: 'moleculer.config.ts puts the process together.',
      from: { path: '^(src|services)/', pathNot: '^' + process },
      to: { path: '^' + process },
    },

    // ---- the browser
    {
      name: 'browser-touches-only-protocol',
      severity: 'error',
      comment: 'Browser code shares the wire contract with the server and nothing else.',
      from: { path: '^public/src/' },
      to: { path: '^(src|services)/|^moleculer[.]config', pathNot: '^src/protocol/' },
    },

    // ---- backends
    {
      name: 'columns-know-contracts-not-backends',
      severity: 'error',
      comment: 'Which store stands behind a contract is decided in one place.',
      from: { path: '^(src/(' + columns + ')/|' + process + '|services/)' },
      to: { path: '^src/backends/', pathNot: '^src/backends/contracts[.]ts$' },
    },
    {
      name: 'one-door-to-the-backends',
      severity: 'error',
      comment: 'create-backends is the one switch between embedded and cluster; open-trail opens the audit trail alone.',
      from: { pathNot: '^(src/backends/((create-backends|open-trail)[.]ts$|embedded/|cluster/)|test/|bench/)' },
      to: { path: '^src/backends/(embedded|cluster)/' },
    },
    {
      name: 'embedded-and-cluster-do-not-meet',
      severity: 'error',
      comment: 'Each is whole by itself.',
      from: { path: '^src/backends/(embedded|cluster)/' },
      to: { path: '^src/backends/(embedded|cluster)/', pathNot: '^src/backends/$1/' },
    },
    {
      name: 'backends-do-not-know-columns',
      severity: 'error',
      comment: 'Stores serve contracts, not services.',
      from: { path: '^src/backends/' },
      to: { path: '^src/(' + columns + ')/|^' + process },
    },
    {
      name: 'drivers-only-in-cluster',
      severity: 'error',
      comment: 'Redis, MongoDB and Kafka are spoken to in one folder.',
      from: { pathNot: '^(src/backends/cluster/|test/|bench/)|node_modules' },
      to: { path: 'node_modules/(ioredis|mongoose|mongodb|kafkajs)/' },
    },
    {
      name: 'sqlite-only-in-embedded',
      severity: 'error',
      comment: 'libsql has traps; one wrapper knows them.',
      from: { pathNot: '^(src/backends/embedded/|test/|bench/)|node_modules' },
      to: { path: 'node_modules/libsql/' },
    },

    // ---- packages
    {
      name: 'no-dev-packages-in-the-server',
      severity: 'error',
      comment: 'The server starts from an install without development packages.',
      from: { path: '^(src/|services/|tools/|moleculer[.]config)' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
