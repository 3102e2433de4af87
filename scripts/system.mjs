// The tests' programs that npm cannot install: a browser, a software GPU driver for it, and tmux.

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

/** The path of Chromium: that in `CHROMIUM`, or a usual one; undefined where there is none. */
export function chromiumPath() {
  return [process.env.CHROMIUM ?? '', ...chromiums].find((path) => path && existsSync(path))
}

/** The reason why tests with Chromium (and Mesa, on Linux) cannot run here; undefined if they can. */
export function chromiumAndMesa() {
  return need(browserPackages())
}

/** The reason why tests in a terminal cannot run here; undefined if they can. */
export function tmux() {
  return need(terminalPackages())
}

/**
 * Installs missing packages, where this is Debian and the user is root.
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

/** The Debian package of tmux, if tmux is not installed. */
export function terminalPackages() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => existsSync(join(folder, 'tmux'))) ? [] : ['tmux']
}

/** The Debian packages of the browser and the driver that are not installed. */
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
  if (!existsSync('/etc/debian_version')) {
    return 'Install it, or set CHROMIUM to the path of a browser.'
  }
  return `Install it with: sudo apt-get update && sudo apt-get install -y ${lacking.join(' ')}`
}
