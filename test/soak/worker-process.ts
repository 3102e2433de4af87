/** The processes of a soak besides the servers: upstreams, client and attackers. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Command, Ports, Report } from './messages.ts'

export interface WorkerProcess {
  pid: number
  /** The ports that it listens on, if it does. */
  ports: Ports
  tell(command: Command): void
  kill(): void
}

/** Starts one of this folder's programs; resolves once it is ready. */
export async function startWorker(
  file: string,
  take: (report: Report) => void,
): Promise<WorkerProcess> {
  const child = fork(join(import.meta.dirname, file), [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ready = Promise.withResolvers<Ports>()
  child.on('message', (message) => {
    const report = message as Report
    if (report.type === 'ready') ready.resolve(report.ports ?? { measured: 0, other: 0 })
    else take(report)
  })
  child.once('exit', (code) => ready.reject(new Error(`${file} ended with ${code}.`)))
  const ports = await ready.promise
  return {
    pid: child.pid ?? 0,
    ports,
    tell: (command) => tell(child, command),
    kill: () => child.kill('SIGKILL'),
  }
}

function tell(child: ChildProcess, command: Command): void {
  if (child.connected) child.send(command)
}
