/** The model servers that the settings name, and those on this machine. */
import type { ResolvedUpstream } from '../../../settings/upstreams.ts'
import { wellKnownPorts } from '../../../settings/upstreams.ts'
import { deadlineSignal } from '../deadline.ts'
import type { Check, Examination, Observation } from '../finding.ts'
import { isAboutUpstreams } from '../given-settings.ts'
import { type Answered, type Probed, probe } from '../probe.ts'
import { findPrograms } from '../programs.ts'
import { plural, shownList, shownUrl } from '../shown.ts'
import { tryFirstToken } from '../trial.ts'
import { unusable } from './unusable.ts'

/** Milliseconds that a server on this machine may take: one that listens answers soon. */
const LOCAL = 1_000

/** Milliseconds that a named server may take to list its models: less than a check may. */
const PATIENCE = 1_500

/** The context in tokens below which agents and long chats fail. */
const SMALL_CONTEXT = 8_192

/** The programs of model servers, and how each is started. */
const STARTED: Readonly<Record<string, string>> = {
  ollama: 'ollama serve',
  'llama-server': 'llama-server -hf ggml-org/gemma-3-1b-it-GGUF --port 8080',
  lms: 'lms server start',
  vllm: 'vllm serve Qwen/Qwen3-0.6B',
}

/** A check for each server that the settings name, so that one that hangs keeps nothing of the others back. */
export function upstreamChecks(upstreams: readonly ResolvedUpstream[]): Check[] {
  return upstreams.map((each) => (examination, signal) => upstreamFound(each, examination, signal))
}

/** Servers on this machine that the settings do not name, and whether there is any server at all. */
export const checkLocalServers: Check = async (examination, signal) => {
  const { settings, given } = examination
  const found = await localServers(examination, signal)
  const isNamed = settings.upstream.length + settings.engine.length > 0
  const isNeeded = !isNamed && !settings.webgpu && !isAboutUpstreams(given.problems)
  const isThere = found.some(({ code }) => code === 'server' || code === 'server_without_models')
  return isThere || !isNeeded ? found : [...found, await noServer(examination)]
}

async function upstreamFound(
  { url, label: name, key, run }: ResolvedUpstream,
  examination: Examination,
  signal: AbortSignal,
): Promise<Observation[]> {
  if (run !== undefined) return [await commandFound(name, run, examination)]
  const { fetch } = examination.context
  const limit = deadlineSignal(PATIENCE, signal)
  const probed = await probe(fetch, url, key, limit)
  if (probed.kind === 'answered') return answered(name, url, probed, examination, key, signal)
  return [await unusable({ name, url, hasKey: key !== undefined }, probed, fetch, signal)]
}

/** A server that sluice starts: only its program can be looked at. */
async function commandFound(
  label: string,
  run: unknown,
  { host: { env } }: Examination,
): Promise<Observation> {
  const [file = ''] = Array.isArray(run) ? run.map(String) : String(run).split(/\s/)
  const isPath = /[/\\]/.test(file)
  const found = isPath
    ? await import('node:fs').then(({ existsSync }) => existsSync(file))
    : (await findPrograms(file, env)).length > 0
  if (found)
    return {
      code: 'command',
      level: 'ok',
      text: `${label} is started by sluice, with ${file}, which is there.`,
    }
  return {
    code: 'command_missing',
    level: 'problem',
    text: `${label} is to be started with ${file}, and there is no such program${isPath ? '' : ' on the path'}.`,
    remedy: 'Install it, or correct run of that upstream.',
  }
}

/** What listens where model servers usually do, and is not named by the settings. */
async function localServers(examination: Examination, signal: AbortSignal): Promise<Observation[]> {
  const { settings, context } = examination
  const named = new Set(settings.upstream.map(({ url }) => URL.parse(url)?.port))
  const ports = Object.entries(wellKnownPorts).filter(
    ([port]) => !named.has(port) && Number(port) !== settings.port,
  )
  const limit = deadlineSignal(LOCAL, signal)
  const found = await Promise.all(
    ports.map(async ([port, usual]) => {
      const url = `http://127.0.0.1:${port}/v1`
      const probed = await probe(context.fetch, url, undefined, limit)
      return localFound(usual, url, probed, examination, signal)
    }),
  )
  return found.flat()
}

async function localFound(
  usual: string,
  url: string,
  probed: Probed,
  examination: Examination,
  signal: AbortSignal,
): Promise<Observation[]> {
  const { settings, program } = examination
  if (probed.kind === 'refused') {
    return [
      {
        code: 'local_needs_key',
        level: 'hint',
        text: `A server at ${url} asks for a key, so that it is not found by itself.`,
        remedy: 'Name it, with its key in SLUICE_UPSTREAM_KEY.',
        command: `SLUICE_UPSTREAM_KEY=KEY ${program} --upstream ${url}`,
      },
    ]
  }
  if (probed.kind !== 'answered') return []
  const name = probed.server ?? usual
  if (settings.discover) return answered(name, url, probed, examination, undefined, signal)
  return [
    {
      code: 'local_unused',
      level: 'hint',
      text: `${name} runs at ${url} and is not used, since other servers are named.`,
      remedy: 'Let sluice find it too, or name it.',
      command: `${program} --discover`,
    },
  ]
}

async function answered(
  name: string,
  url: string,
  probed: Answered,
  examination: Examination,
  key: string | undefined,
  signal: AbortSignal,
): Promise<Observation[]> {
  const { models, version, server, ms, aheadMs } = probed
  if (aheadMs !== undefined) examination.clocks.push({ source: name, aheadMs })
  const who = server === undefined || server === name ? '' : `, ${server}`
  const shown = `${name} (${shownUrl(url)}${who}${version === undefined ? '' : ` ${version}`}) answers in ${Math.round(ms)} ms`
  const [first] = models
  if (first === undefined) {
    const text = `${shown} and lists no models.`
    const ollama = server === 'ollama' || name.startsWith('ollama')
    const remedy = ollama ? 'Download one.' : 'Load a model there.'
    return [
      {
        code: 'server_without_models',
        level: 'warning',
        text,
        remedy,
        ...(ollama && { command: 'ollama pull qwen3:4b' }),
      },
    ]
  }
  const names = models.map(({ id }) => id)
  const found: Observation = {
    code: 'server',
    level: 'ok',
    text: `${shown} and lists ${plural(models.length, 'model')}: ${shownList(names)}.`,
  }
  const trial = examination.tries
    ? [await tryFirstToken(examination, { name, url, key, model: first.id }, signal)]
    : []
  return [found, ...contextFound(name, probed), ...trial]
}

export function contextFound(
  name: string,
  { contexts, server }: Pick<Answered, 'contexts' | 'server'>,
): Observation[] {
  const small = contexts.filter(({ tokens }) => tokens < SMALL_CONTEXT)
  const [first] = small
  if (first === undefined) return []
  const command =
    server === 'ollama'
      ? 'OLLAMA_CONTEXT_LENGTH=32768 ollama serve'
      : server === 'llama-server'
        ? 'llama-server -c 32768'
        : undefined
  return [
    {
      code: 'context_small',
      level: 'hint',
      text: `${first.model} at ${name} has room for ${first.tokens} tokens: coding agents and long chats need more.`,
      remedy: 'Start the server with a larger context.',
      ...(command !== undefined && { command }),
    },
  ]
}

async function noServer({ host: { env }, program }: Examination): Promise<Observation> {
  const installed = await Promise.all(
    Object.keys(STARTED).map(async (name) =>
      (await findPrograms(name, env)).length > 0 ? name : undefined,
    ),
  )
  const program0 = installed.find((name) => name !== undefined)
  const text =
    'No model server was found on this machine, so that only the built-in model "static" answers.'
  if (program0 !== undefined) {
    const remedy = `${program0} is installed and does not run: start it.`
    return {
      code: 'no_server',
      level: 'warning',
      text,
      remedy,
      command: STARTED[program0] ?? program0,
    }
  }
  const remedy = `Name a server elsewhere with ${program} --upstream URL, or install Ollama (https://ollama.com/download), LM Studio or llama-server here; with Ollama, this downloads a model:`
  return { code: 'no_server', level: 'warning', text, remedy, command: 'ollama pull qwen3:4b' }
}
