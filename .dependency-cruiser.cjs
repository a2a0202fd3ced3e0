// The layers of ARCHITECTURE.md: a folder imports only from the folders to its left.
const layers = [
  ['std'],
  ['model'],
  ['wire', 'lists', 'geo'],
  ['attribution', 'policy'],
  ['engine'],
  ['kernel', 'store', 'api', 'client'],
  ['cli', 'tui', 'desktop'],
  ['daemon'],
];

const rules = layers.flatMap((folders, index) =>
  folders.map((folder) => ({
    name: `${folder}-imports-only-to-its-left`,
    severity: 'error',
    from: { path: `^src/${folder}/` },
    to: {
      path: '^src/',
      pathNot: `^src/(${[...layers.slice(0, index).flat(), folder].join('|')})/`,
    },
  })),
);

// What the pages share with the other clients is as pure as the inner layers.
const pure = '^src/(model|wire|lists|geo|policy|attribution|engine|client/live|client/question)/';

module.exports = {
  forbidden: [
    ...rules,
    {
      name: 'pure-layers-do-no-io',
      comment: 'Time comes in as an argument, effects go out as values: no node: module, no FFI.',
      severity: 'error',
      from: { path: pure, pathNot: '\\.(test|testing)\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-layers-have-no-ffi',
      severity: 'error',
      from: { path: pure },
      to: { path: 'node_modules/koffi' },
    },
    {
      name: 'ffi-in-one-place',
      comment: 'koffi is loaded by src/kernel/ffi.ts, for the C library, and by src/kernel/bpf/libbpf.ts, for libbpf.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kernel/(ffi|bpf/libbpf)\\.ts$' },
      to: { path: 'node_modules/koffi' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-tests-in-product',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '(\\.test\\.ts$|^test/)' },
    },
    {
      name: 'pages-import-only-what-is-pure',
      comment: 'The pages run in a browser: of src they take what needs no Node and no clock, as far as they show it.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/', pathNot: '^src/(std|model|policy|client/live|client/question)/' },
    },
    {
      name: 'nothing-imports-the-pages',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^web/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    // TypeScript 7 has no compiler API yet; swc reads the sources instead.
    parser: 'swc',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
