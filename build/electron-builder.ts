import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Configuration, FileSet } from 'electron-builder';
import { trashPrograms } from './entries.ts';

const buildDir = import.meta.dirname;

/** Named one by one: what else is in node_modules, and how deep, is the bundler's business. */
function nativeModule(name: string, filter: string[]): FileSet {
  return { from: `node_modules/${name}`, to: `node_modules/${name}`, filter };
}

/**
 * How the app is packaged. Everything of ours is bundled in dist; of node_modules only what holds native code goes in,
 * and its `.node` files stand outside the archive, where the system's loader can map them.
 */
export const packageConfiguration: Configuration = {
  appId: 'dev.longshore.app',
  productName: 'Longshore',
  copyright: 'The Longshore authors',
  directories: { output: 'release', buildResources: buildDir },
  files: [
    'dist/**',
    '!dist/**/*.map',
    'package.json',
    '!node_modules/**',
    nativeModule('better-sqlite3', ['package.json', 'lib/**', 'prebuilds/${platform}*-${arch}.node']),
    // The loader, and beside it the package with the binary for this platform.
    nativeModule('@node-rs', ['*/package.json', '*/*.js', '*/*.node', '!*/browser.js']),
  ],
  asar: true,
  asarUnpack: ['**/*.node', ...trashPrograms.map((name) => `dist/node/${name}`)],
  // better-sqlite3 and @node-rs/crc32 bring Node-API binaries that fit every Electron from 35 on.
  npmRebuild: false,
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    // The window is served by a protocol of our own, never from file: URLs.
    grantFileProtocolExtraPrivileges: false,
  },
  // The packager removes Electron's own default app only from an Electron that it fetched itself.
  afterPack: async ({ appOutDir, packager }) => {
    await rm(path.join(packager.getResourcesDir(appOutDir), 'default_app.asar'), { force: true });
  },
  publish: null,
  linux: {
    target: ['deb', 'tar.gz', 'AppImage'],
    executableName: 'longshore',
    icon: path.join(buildDir, 'icons'),
    category: 'Utility',
    synopsis: 'Gets files and calls to where they belong, whatever the network does',
    maintainer: 'The Longshore authors <longshore@localhost>',
  },
  win: { target: ['nsis'], icon: path.join(buildDir, 'icons', '256x256.png') },
  nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true },
  mac: {
    target: ['dmg', 'zip'],
    icon: path.join(buildDir, 'icons', '512x512.png'),
    category: 'public.app-category.utilities',
    hardenedRuntime: true,
    entitlements: path.join(buildDir, 'entitlements.mac.plist'),
    entitlementsInherit: path.join(buildDir, 'entitlements.mac.plist'),
  },
};
