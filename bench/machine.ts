import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, uptime } from 'node:os'
import { join } from 'node:path'
import { root } from '../scripts/hosts.mjs'
import { type ProgramName, programs, programVersion } from './peers/install.ts'

/** The machine that the figures were measured on, a line for each property. */
export function machineLines(): string[] {
  const [cpu] = cpus()
  return [
    `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores seen${hypervisor()}`,
    `frequency governor: ${governor()}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB of memory, Linux ${release()}, up ${Math.round(uptime() / 60)} min`,
  ]
}

/** The load average of the last minute. */
export function load(): number {
  return loadavg()[0] as number
}

/** The versions of the measured programs, by name. */
export function versions(): Record<string, string> {
  const names = ['bun', 'deno', 'node', 'workerd', 'srvx', 'ai']
  const packages = names.map((name) => [name, packageVersion(name)])
  const others = (Object.keys(programs) as ProgramName[]).map((name) => [
    name,
    programVersion(name),
  ])
  return { ...Object.fromEntries(packages), ...Object.fromEntries(others), sluice: commitOf(root) }
}

function packageVersion(name: string): string {
  const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** The commit of a checkout, and whether its code has changes that are in none. */
export function commitOf(folder: string): string {
  const head = output('git', ['-C', folder, 'rev-parse', '--short', 'HEAD'])
  const changed = output('git', ['-C', folder, 'status', '--porcelain', '--', 'src', 'worker'])
  return head ? `${head}${changed ? ' and changes' : ''}` : 'no commit'
}

function hypervisor(): string {
  const flags = read('/proc/cpuinfo')
  return /^flags.*\bhypervisor\b/m.test(flags) ? ', a virtual machine' : ''
}

function governor(): string {
  return read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor').trim() || 'not visible'
}

function output(file: string, args: string[]): string {
  try {
    return execFileSync(file, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return ''
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
