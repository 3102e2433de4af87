// `npm run binary -- [target …]`: the command as one file for each target, with Bun, the page and the
// client for Redis inside, in dist-bin/ beside SHA256SUMS. Bun downloads the runtime of a target from
// npm's registry, once. Without targets all of them are built; `--archive` packs each as .tar.gz too, with
// the licences.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleInParts } from './bundle-parts.mjs'
import { binaryOf, root } from './hosts.mjs'
import { installAll } from './install.mjs'
import { NOTICES } from './notices.mjs'

export const targets = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'windows-x64']

/** The target of this machine; undefined where there is none. */
export const ownTarget = targets.find((each) => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  return each === `${platform}-${process.arch}`
})

/**
 * Builds a binary for each target into `outDir`, and returns their paths. `page` is a folder with the
 * built page; without it, it is built.
 * @param {string} outDir
 * @param {readonly string[]} chosen
 * @param {{ page?: string, archive?: boolean }} [options]
 */
export async function buildBinaries(outDir, chosen, { page, archive = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-binary-'))
  try {
    // Embedded under this name, which src/hosts/bun/embedded-files.ts knows.
    if (page === undefined) await (await import('./page.mjs')).buildPage(join(folder, 'page'))
    else execFileSync('cp', ['-r', page, join(folder, 'page')])
    removePacked(join(folder, 'page/assets'))
    mkdirSync(outDir, { recursive: true })
    const built = []
    for (const target of chosen) {
      const files = await bundle(join(folder, 'sluice.js'), target)
      const path = join(outDir, `sluice-${target}${exeOf(target)}`)
      compile(folder, { files, outfile: path, target })
      built.push(path)
      if (archive) built.push(pack(folder, path, target))
    }
    copyFileSync(join(root, NOTICES), join(outDir, NOTICES))
    writeChecksums(outDir)
    return built
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Removes each file that is there packed as well: servers unpack it. @param {string} folder */
function removePacked(folder) {
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.gz')) rmSync(join(folder, name.slice(0, -'.gz'.length)), { force: true })
  }
}

/** The program, in the form that Bun compiles to bytecode. @param {string} outfile @param {string} target */
async function bundle(outfile, target) {
  const { default: esbuild } = await import('esbuild')
  const how = JSON.stringify(`commit ${commit()}, ${target}`)
  const contents = `import { main } from './src/hosts/binary.ts'\nvoid main(${how})`
  const before = startingAgain(esbuild)
  return bundleInParts(
    esbuild,
    { root, contents, outfile, format: 'cjs', before },
    {
      platform: 'node',
      target: 'es2024',
      // The CommonJS form of jsonc-parser loads its parts in a way that esbuild cannot follow.
      mainFields: ['module', 'main'],
      // Names are kept for the stacks of errors.
      minifyWhitespace: true,
      minifySyntax: true,
      logLevel: 'error',
      define: {
        // Nothing lies beside the program. No path of the machine that built it may be in there.
        'import.meta.url': '"file:///sluice.js"',
        'import.meta.main': 'false',
      },
    },
  )
}

/**
 * What starts Bun again where its environment asks for that. It comes before the program, which would otherwise
 * be loaded twice.
 * @param {typeof import('esbuild')} esbuild
 */
function startingAgain(esbuild) {
  const from = './src/hosts/bun/start-environment.ts'
  const { outputFiles } = esbuild.buildSync({
    stdin: {
      contents: `import { startAgainWithEnvironment as again } from '${from}'\nagain(process.argv.slice(2))`,
      resolveDir: root,
    },
    ...{ bundle: true, format: 'iife', minifyWhitespace: true, write: false },
  })
  return outputFiles[0]?.text ?? ''
}

/** @param {string} folder @param {{ files: string[], outfile: string, target: string }} program its first file starts */
function compile(folder, { files, outfile, target }) {
  const args = ['build', '--compile', '--bytecode', `--target=bun-${target}`, '--asset=page']
  // A file that happens to lie in the folder where it is started must not change what it does.
  args.push('--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig')
  const built = join(folder, `built${exeOf(target)}`)
  execFileSync(
    binaryOf('bun'),
    [...args, `--outfile=${built}`, ...files.map((file) => basename(file))],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  copyFileSync(built, outfile)
  rmSync(built)
}

/** A .tar.gz of the binary and the licences. @param {string} folder @param {string} binary @param {string} target */
function pack(folder, binary, target) {
  const name = `sluice-${target}`
  const content = join(folder, name)
  mkdirSync(content)
  copyFileSync(binary, join(content, `sluice${exeOf(target)}`))
  for (const text of ['LICENSE', NOTICES]) copyFileSync(join(root, text), join(content, text))
  const path = join(binary, '..', `${name}.tar.gz`)
  execFileSync('tar', ['-czf', path, '-C', folder, name])
  return path
}

/** @param {string} target */
function exeOf(target) {
  return target.startsWith('windows') ? '.exe' : ''
}

/** The commit that is built, and whether files differ from it. An image is built without git. */
function commit() {
  const { SLUICE_COMMIT } = process.env
  if (SLUICE_COMMIT) return SLUICE_COMMIT
  try {
    const git = (/** @type {string[]} */ ...args) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim()
    const isChanged = git('status', '--porcelain') !== ''
    return `${git('rev-parse', '--short=12', 'HEAD')}${isChanged ? ' with changes' : ''}`
  } catch {
    return 'unknown'
  }
}

/** In the form of `sha256sum`, of all that is in the folder. @param {string} folder */
function writeChecksums(folder) {
  const names = readdirSync(folder).filter((name) => name.startsWith('sluice-'))
  const lines = names.sort().map((name) => {
    const hash = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
    return `${hash}  ${name}\n`
  })
  const partial = join(folder, '.SHA256SUMS')
  writeFileSync(partial, lines.join(''))
  renameSync(partial, join(folder, 'SHA256SUMS'))
}

/** @param {string[]} words */
async function run(words) {
  const archive = words.includes('--archive')
  const named = words.filter((word) => word !== '--archive')
  const unknown = named.find((word) => !targets.includes(word))
  if (unknown !== undefined) {
    console.error(
      `target: expected ${targets.join(', ')} or --archive, got "${unknown}"; name one of these, or none for all.`,
    )
    process.exit(2)
  }
  installAll()
  const outDir = join(root, 'dist-bin')
  rmSync(outDir, { recursive: true, force: true })
  await buildBinaries(outDir, named.length > 0 ? named : targets, { archive })
  console.log(readFileSync(join(outDir, 'SHA256SUMS'), 'utf8').trimEnd())
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  await run(process.argv.slice(2))
}
