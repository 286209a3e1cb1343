#!/usr/bin/env node
'use strict';
// Plain old JavaScript, so that a Node.js that is too old can read it and say so.
var wanted = [22, 19];
var have = process.versions.node.split('.').map(Number);
if (have[0] < wanted[0] || (have[0] === wanted[0] && have[1] < wanted[1])) {
  process.stderr.write(
    'proxmox-mcp-plus needs Node.js ' + wanted.join('.') + ' or newer; this is ' + process.versions.node + '. Install it from https://nodejs.org.\n',
  );
  process.exit(1);
}
// The program lets it grow when there is something to do (src/app/young-generation.ts).
require('node:v8').setFlagsFromString('--semi-space-growth-factor=1');
var nodeModule = require('node:module');
if (nodeModule.enableCompileCache) {
  nodeModule.enableCompileCache();
  // A stdio server is killed rather than ended, and a cache that is written at exit would never be written.
  setTimeout(function () {
    if (nodeModule.flushCompileCache) nodeModule.flushCompileCache();
  }, 100).unref();
}
// node:sqlite announces itself as experimental on Node.js 22; nothing else is silenced.
var emit = process.emitWarning;
process.emitWarning = function (warning, type) {
  var name = type && typeof type === 'object' ? type.type : type;
  if (name === 'ExperimentalWarning' && /SQLite/.test(String(warning))) return;
  return emit.apply(process, arguments);
};
import('../dist/main.js');
