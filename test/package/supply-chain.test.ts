// What SECURITY.md says of where the package and its dependencies come from.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'

interface Locked {
  version: string
  dev?: boolean
  peer?: boolean
  link?: boolean
  hasInstallScript?: boolean
  integrity?: string
}

const description = await json('package.json')
const { packages } = (await json('package-lock.json')) as { packages: Record<string, Locked> }
/** Every package of the lock file but this one, by its path. */
const locked = Object.entries(packages).filter(([path]) => path !== '')
/** Those that `npm install @sluice/sluice` brings along. */
const installed = locked.filter(([, { dev, peer }]) => !dev && !peer)

// biome-ignore lint/suspicious/noExplicitAny: files of npm, whose shape each test states.
async function json(path: string): Promise<any> {
  return JSON.parse(await readFile(join(root, path), 'utf8'))
}

describe('the dependencies', () => {
  it('are pinned to exact versions, of which the lock file holds the hashes', () => {
    const { dependencies, devDependencies, peerDependencies } = description
    const all = Object.values({ ...devDependencies, ...dependencies, ...peerDependencies })
    expect(all.length).toBeGreaterThan(30)
    for (const version of all) expect(version).toMatch(/^(npm:[\w.@/-]+@)?\d+\.\d+\.\d+$/)
    for (const [path, { integrity }] of locked) expect(integrity, path).toMatch(/^sha512-/)
  })

  it('that a user gets are few, and run nothing when they are installed', () => {
    const direct = Object.keys(description.dependencies)
    // What one of them needs itself.
    const all = [...direct, 'fast-string-truncated-width']
    expect(installed.map(([path]) => path.replace('node_modules/', '')).sort()).toEqual(all.sort())
    expect(direct).toHaveLength(6)
    for (const [path, { hasInstallScript }] of installed) {
      expect(hasInstallScript, path).toBeUndefined()
    }
  })
})

describe('the package', () => {
  it('runs nothing when it is installed', () => {
    const { scripts } = description
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare']) {
      expect(scripts).not.toHaveProperty(name)
    }
  })

  it('is published with provenance, by a workflow that has no token of npm', async () => {
    expect(description.publishConfig.provenance).toBe(true)
    const workflow = await readFile(join(root, '.github/workflows/release.yml'), 'utf8')
    expect(workflow).toMatch(/id-token: write/)
    expect(workflow).not.toMatch(/NPM_TOKEN|NODE_AUTH_TOKEN|secrets\./)
  })

  it('is the same on JSR, where its exports are the sources', async () => {
    const jsr = await json('jsr.json')
    expect(jsr).toMatchObject({ name: description.name, version: description.version })
    const exported = Object.keys(description.exports).filter((name) => name !== './package.json')
    expect(Object.keys(jsr.exports).sort()).toEqual(exported.sort())
    for (const [name, source] of Object.entries<string>(jsr.exports)) {
      const built = source.replace('./src/', './dist/').replace('./worker/', './dist/worker/')
      expect(description.exports[name].default).toBe(built.replace(/\.ts$/, '.js'))
      expect(existsSync(join(root, source)), source).toBe(true)
    }
  })

  it('comes with binaries whose origin and checksums can be checked', async () => {
    const workflow = await readFile(join(root, '.github/workflows/release.yml'), 'utf8')
    expect(workflow).toContain('attest-build-provenance')
    expect(workflow).toContain('dist-bin/SHA256SUMS')
  })
})
