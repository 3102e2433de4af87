/** What holds for the upstreams that sluice starts itself, beyond each option alone. */
import { PORT } from './command.ts'
import { SettingsError } from './error.ts'
import type { UpstreamInput } from './generated/entry-inputs.ts'
import { isRun } from './no-run.ts'
import { runOptions } from './run-options.ts'
import { showSize } from './text.ts'

/** An upstream that was read, as far as this file needs it. */
interface Resolved {
  label: string
  run?: string[]
  port?: number
  memory?: number
}

/** Options that mean nothing without `run`. */
const ONLY_WITH_RUN = Object.keys(runOptions).filter((name) => name !== 'run')

/** Throws a `SettingsError` where options of an entry do not go together. */
export function checkRun(entry: UpstreamInput, shownAs: string): void {
  if (!isRun(entry)) {
    const alone = ONLY_WITH_RUN.find((name) => entry[name as keyof UpstreamInput] !== undefined)
    if (alone !== undefined) {
      throw new SettingsError(
        `${shownAs}.${alone}: expected only together with run, got it without run; add run, or remove it.`,
      )
    }
    if (entry.url !== undefined) return
    throw new SettingsError(
      `${shownAs}.url: expected an http or https URL, such as http://127.0.0.1:11434, got nothing; add it, or set run to the command that starts the server.`,
    )
  }
  const { url, label = '', port, run, env = {}, models = [] } = entry
  if (url !== undefined && url !== runUrl(label, port)) {
    throw new SettingsError(
      `${shownAs}.url: expected either url or run, got both; remove url, and name a fixed port with port.`,
    )
  }
  const namesPort = [...run, ...Object.values(env)].some((word) => word.includes(PORT))
  if (!namesPort && port === undefined) {
    throw new SettingsError(
      `${shownAs}.run: expected ${PORT} in the command, got none; write it where the server is told its port, or set port to the one that it always uses.`,
    )
  }
  if (!models.some((name) => !name.includes('*'))) {
    throw new SettingsError(
      `${shownAs}.models: expected the name of at least one model, got none; name the models that the server has, since clients ask for them before it runs.`,
    )
  }
}

/** The address of a server with a fixed port; otherwise a placeholder host that never resolves. */
export function runUrl(label: string, port: number | undefined): string {
  if (port !== undefined) return `http://127.0.0.1:${port}/v1`
  return `http://${label.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.managed.invalid/v1`
}

/** A label derived from the first model's name. */
export function runLabel(models: readonly string[]): string | undefined {
  const name = models.find((each) => !each.includes('*')) ?? ''
  const label = name.replace(/[^a-zA-Z0-9._-]+/g, '-').replace(/^[^a-zA-Z0-9]+/, '')
  return label.slice(0, 36) || undefined
}

/** Throws a `SettingsError` where a server could never start, or its size is not known. */
export function checkMemory(upstreams: readonly Resolved[], budget: number | undefined): void {
  if (budget === undefined) return
  for (const [index, upstream] of upstreams.entries()) {
    if (!isRun(upstream)) continue
    const place = `upstream[${index}].memory`
    if (upstream.memory === undefined) {
      throw new SettingsError(
        `${place}: expected the memory that ${upstream.label} needs, since memoryBudget is set, got nothing; add it, such as 8GB.`,
      )
    }
    if (upstream.memory > budget) {
      throw new SettingsError(
        `${place}: expected at most memoryBudget, which is ${showSize(budget)}, got ${showSize(upstream.memory)}; raise memoryBudget, or choose a smaller model.`,
      )
    }
  }
}

/**
 * Throws a `SettingsError` where two servers have the same port, unless the memory budget is too small for
 * both: then only one of them runs at a time.
 */
export function checkPorts(
  upstreams: readonly Resolved[],
  budget = Number.POSITIVE_INFINITY,
): void {
  for (const [index, { run, port, memory = 0, label }] of upstreams.entries()) {
    if (run === undefined || port === undefined) continue
    const other = upstreams
      .slice(0, index)
      .find((each) => each.run && each.port === port && (each.memory ?? 0) + memory <= budget)
    if (other === undefined) continue
    throw new SettingsError(
      `upstream[${index}].port: expected a port that no other upstream with run has, got ${port}, the port of ${other.label} and of ${label}; choose another one, or write ${PORT} in the command instead.`,
    )
  }
}
