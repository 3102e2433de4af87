// Redis and Sentinel as processes of their own: 127.0.0.1 only, nothing kept on disk, ended by their pids.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bringRedis, redisEnvironment, redisProgram } from '../../scripts/redis.mjs'
import { closedPort } from './upstream.ts'

export interface RedisOptions {
  /** Flags of redis-server, besides those that keep it here and without files. */
  args?: string[]
  /** The password of the default user; none by default. */
  password?: string
  /** A free one by default. */
  port?: number
  /** Further names in its environment. */
  env?: Record<string, string>
}

/** A process that serves, be it Redis or Sentinel. */
export interface RedisProcess extends AsyncDisposable {
  url: string
  port: number
  /** Of the process that runs now. */
  readonly pid: number
  /** What it wrote since it was started. */
  output(): string
  /** The answer to a command, as redis-cli prints it. */
  ask(...command: string[]): string
  /** SIGSTOP: connections stay open, nothing is answered. */
  freeze(): void
  thaw(): void
  /** SIGKILL, without leave. */
  kill(): Promise<void>
  /** Starts it on the same port, once it has ended: it knows nothing of what it held. */
  restart(): Promise<void>
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

export interface Sentinels extends AsyncDisposable {
  /** The name that they know the primary by. */
  name: string
  each: RedisProcess[]
  /** The port of the primary, as the first one that is asked names it. */
  primaryPort(): number
  /** Waits until they name another primary than this one; returns its port. */
  untilPrimaryIsNot(port: number, ms?: number): Promise<number>
  stop(): Promise<void>
}

/** Starts a redis-server on a free port. */
export function startRedis(options: RedisOptions = {}): Promise<RedisProcess> {
  const { args = [], password } = options
  return start('redis-server', options, (folder, port) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    // A test may ask a server to be slow, or to say what it holds.
    ...['--appendonly', 'no', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0'],
    ...(password === undefined ? [] : ['--requirepass', password, '--masterauth', password]),
    ...args,
  ])
}

/** Has a server listen for TLS as well; returns the port. It needs a certificate in its flags. */
export async function listenByTls(server: RedisProcess): Promise<number> {
  for (;;) {
    const port = await closedPort()
    // Another program may have taken it meanwhile.
    if (server.ask('config', 'set', 'tls-port', String(port)).trim() === 'OK') return port
  }
}

/** Starts a replica, and waits until it has the primary's data. */
export async function startReplica(of: RedisProcess, options: RedisOptions = {}) {
  const replicaOf = ['--replicaof', '127.0.0.1', String(of.port)]
  const replica = await startRedis({ ...options, args: [...replicaOf, ...(options.args ?? [])] })
  const isLinked = () => replica.ask('info', 'replication').includes('master_link_status:up')
  await until(isLinked, 10_000, () => `The replica did not reach its primary.\n${replica.output()}`)
  return replica
}

/** Starts three Sentinels that watch a primary, two of which have to agree; a failover takes about two seconds. */
export async function startSentinels(of: RedisProcess, name = 'sluice'): Promise<Sentinels> {
  const lines = (folder: string, port: number) => [
    ...[`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`],
    `sentinel monitor ${name} 127.0.0.1 ${of.port} 2`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 4000`,
  ]
  const one = () =>
    start('redis-sentinel', {}, (folder, port) => {
      const file = join(folder, 'sentinel.conf')
      writeFileSync(file, `${lines(folder, port).join('\n')}\n`)
      return [file]
    })
  const each = await Promise.all([one(), one(), one()])
  const first = each[0]
  const knowsAll = () => {
    const text = first.ask('sentinel', 'master', name).split('\n')
    const value = (key: string) => Number(text[text.indexOf(key) + 1])
    return value('num-other-sentinels') === 2 && value('num-slaves') >= 1
  }
  await until(knowsAll, 20_000, () => `The Sentinels did not meet.\n${first.output()}`)
  const primaryPort = () => {
    return Number(first.ask('sentinel', 'get-master-addr-by-name', name).split('\n')[1])
  }
  const stop = async () => {
    await Promise.all(each.map((sentinel) => sentinel.stop()))
  }
  return {
    ...{ name, each, primaryPort, stop, [Symbol.asyncDispose]: stop },
    async untilPrimaryIsNot(port, ms = 20_000) {
      await until(
        () => primaryPort() !== port,
        ms,
        () => `There was no failover.\n${first.output()}`,
      )
      return primaryPort()
    },
  }
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

type Program = 'redis-server' | 'redis-sentinel'

async function start(
  program: Program,
  options: RedisOptions,
  argsOf: (folder: string, port: number) => string[],
): Promise<RedisProcess> {
  const reason = bringRedis()
  if (reason !== undefined) throw new Error(`${program} cannot run: ${reason}`)
  const port = options.port ?? (await closedPort())
  const folder = mkdtempSync(join(tmpdir(), `sluice-${program}-`))
  const args = argsOf(folder, port)
  let current = launch(program, args, options.env)
  await current.isReady()
  const kill = async () => {
    current.child.kill('SIGKILL')
    await current.ended
  }
  const stop = async () => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  }
  const auth = options.password === undefined ? '' : `:${options.password}@`
  return {
    ...{ url: `redis://${auth}127.0.0.1:${port}`, port, kill, stop, [Symbol.asyncDispose]: stop },
    get pid() {
      return current.child.pid ?? 0
    },
    output: () => current.output(),
    ask: (...command) => askByCli(port, options.password, command),
    freeze: () => void current.child.kill('SIGSTOP'),
    thaw: () => void current.child.kill('SIGCONT'),
    async restart() {
      await kill()
      current = launch(program, args, options.env)
      await current.isReady()
    },
  }
}

function launch(program: Program, args: string[], more: RedisOptions['env'] = {}) {
  const path = redisProgram(program)
  if (path === undefined) throw new Error(`${program} is not there any more.`)
  const env = { ...redisEnvironment(), ...more }
  const child = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  }).finally(() => running.delete(child))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text
    })
  }
  const isReady = async () => {
    const pattern = program === 'redis-server' ? /Ready to accept/ : /Sentinel ID is/
    const is = () => pattern.test(output) || child.exitCode !== null
    const why = () => `${program} did not start.\n${output}`
    await until(is, 10_000, why)
    if (child.exitCode !== null) throw new Error(why())
  }
  return { child, ended, isReady, output: () => output }
}

function askByCli(port: number, password: string | undefined, command: string[]): string {
  const path = redisProgram('redis-cli')
  if (path === undefined) throw new Error('redis-cli is not there any more.')
  const env = { ...redisEnvironment(), REDISCLI_AUTH: password }
  const args = ['-h', '127.0.0.1', '-p', String(port), ...command]
  const { status, stdout, stderr } = spawnSync(path, args, {
    env,
    encoding: 'utf8',
    timeout: 5_000,
  })
  if (status !== 0) throw new Error(`redis-cli ${command.join(' ')}: ${stderr || stdout}`)
  return stdout.replace(/\n$/, '')
}

async function until(is: () => boolean, ms: number, why: () => string): Promise<void> {
  const deadline = performance.now() + ms
  while (!is()) {
    if (performance.now() > deadline) throw new Error(why())
    await sleep(20)
  }
}
