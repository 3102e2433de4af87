// What npm cannot install: a browser, a GPU in software for it to use, and a terminal for programs.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const chromiums = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Where Chromium is, by `CHROMIUM` or its usual places; undefined when it is in none. */
export function chromiumPath() {
  return [process.env.CHROMIUM ?? '', ...chromiums].find((path) => path && existsSync(path))
}

/** Why the tests that need Chromium (and Mesa, on Linux) cannot run here, if they cannot. */
export function chromiumAndMesa() {
  return need(browserPackages())
}

/** Why the tests that need a terminal cannot run here, if they cannot. */
export function tmux() {
  return need(terminalPackages())
}

/**
 * Installs what is absent, as root on Debian.
 * @param {string[]} lacking
 * @param {(line: string) => void} say
 */
export function installSystemPackages(lacking, say) {
  if (lacking.length === 0 || !isRootOnDebian()) return
  say(`installing ${lacking.join(', ')} (apt-get install)`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update'], ['install', '--no-install-recommends', '-y', ...lacking]]) {
    const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
    if (status !== 0) return say(`apt-get ${args[0]} failed: ${stderr?.trim() || `exit ${status}`}`)
  }
}

/** @param {string[]} lacking */
function need(lacking) {
  if (lacking.length === 0) return undefined
  return `it needs ${lacking.join(' and ')}. ${remedy(lacking)}`
}

/** Debian's name of tmux, where it is absent. */
export function terminalPackages() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => existsSync(join(folder, 'tmux'))) ? [] : ['tmux']
}

/** Debian's names of what is absent. */
export function browserPackages() {
  const lacking = chromiumPath() ? [] : ['chromium']
  if (process.platform === 'linux' && !hasLavapipe()) lacking.push('mesa-vulkan-drivers')
  return lacking
}

function hasLavapipe() {
  const folder = '/usr/share/vulkan/icd.d'
  return existsSync(folder) && readdirSync(folder).some((file) => /^lvp_icd.*\.json$/.test(file))
}

function isRootOnDebian() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version')
}

/** @param {string[]} lacking */
function remedy(lacking) {
  if (!existsSync('/etc/debian_version')) return 'Install it; CHROMIUM may name a browser.'
  return `Type: sudo apt-get update && sudo apt-get install -y ${lacking.join(' ')}`
}
