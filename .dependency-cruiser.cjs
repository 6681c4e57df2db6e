module.exports = { forbidden: [], options: { doNotFollow: { path: 'node_modules' }, tsConfig: { fileName: 'tsconfig.json' } } };
