const { readFileSync } = require('node:fs');
const Module = require('node:module');

/** Loads a module in TypeScript, and those it needs, where Jest does not: in its reporters. */
module.exports = function loadTypeScript(path) {
  const { ModuleKind, ScriptTarget, transpileModule } = require('typescript');
  const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 };
  const known = Module._extensions['.ts'];
  Module._extensions['.ts'] = (module, fileName) =>
    module._compile(
      transpileModule(readFileSync(fileName, 'utf8'), { compilerOptions }).outputText,
      fileName,
    );
  try {
    return require(path);
  } finally {
    if (known) Module._extensions['.ts'] = known;
    else delete Module._extensions['.ts'];
  }
};
