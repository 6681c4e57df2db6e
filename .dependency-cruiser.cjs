// Who may import whom (ARCHITECTURE.md tells why). Each layer of src lists what it may import besides itself; whatever is
// not listed is forbidden.
const allowed = {
  core: [],
  protocol: ['core'],
  db: ['core'],
  config: ['core'],
  resilience: ['core'],
  watch: ['core', 'db', 'config', 'resilience'],
  remote: ['core', 'db', 'config', 'resilience'],
  observe: ['core', 'db', 'config', 'resilience'],
  sync: ['core', 'db', 'config', 'resilience', 'watch', 'remote', 'observe'],
  flow: ['core', 'db', 'config', 'resilience', 'watch', 'remote', 'observe'],
  engine: ['core', 'db', 'config', 'resilience', 'watch', 'remote', 'observe', 'sync', 'flow', 'protocol'],
  cli: ['core', 'config', 'db', 'observe', 'protocol', 'engine'],
};
const layers = Object.keys(allowed);

const layerRules = layers.map((layer) => ({
  name: `src/${layer} imports only ${allowed[layer].join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: {
    path: '^(src|electron|renderer|test|bench|build)/',
    pathNot: [layer, ...allowed[layer]].map((each) => `^src/${each}/`),
  },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'every folder of src is a known layer',
      severity: 'error',
      from: { path: '^src/', pathNot: layers.map((layer) => `^src/${layer}/`) },
      to: {},
    },
    {
      name: 'electron composes the app from engine, protocol, observe, config and core',
      severity: 'error',
      from: { path: '^electron/' },
      to: { path: '^(src|renderer|test|bench|build)/', pathNot: '^src/(engine|protocol|observe|config|core)/' },
    },
    {
      name: 'the renderer knows only the protocol and core',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { path: '^(src|electron|test|bench|build)/', pathNot: '^src/(protocol|core)/' },
    },
    {
      name: 'the renderer has no Node',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only electron/ imports Electron',
      severity: 'error',
      from: { path: '^(src|renderer)/' },
      to: { path: '(^|/)node_modules/electron/|^electron$' },
    },
    {
      name: 'the product never imports tools',
      severity: 'error',
      from: { path: '^(src|electron|renderer)/' },
      to: { path: '^tools/' },
    },
    {
      name: 'no import goes nowhere',
      severity: 'error',
      from: { path: '^(src|electron|renderer|tools|build)/' },
      to: { couldNotResolve: true, pathNot: '\\.css$' },
    },
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { pathNot: '^node_modules/' } } },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    // A type-only import binds one part to another too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
