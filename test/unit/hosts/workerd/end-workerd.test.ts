// How workerd is stopped, with other processes in its place.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { endWorkerd } from '../../../../src/hosts/workerd/process.ts'

let child: ChildProcess | undefined

afterEach(() => {
  child?.kill('SIGKILL')
})

/** A process that runs until it gets a signal. */
async function start(): Promise<ChildProcess> {
  const code = 'setInterval(() => {}, 1_000); console.log(1)'
  const started = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  child = started
  await once(started.stdout, 'data')
  return started
}

const never = () => new Promise<void>(() => {})
const none = async () => {}

it('ends when workerd neither answers nor takes a signal', async () => {
  const hung = await start()
  hung.kill('SIGSTOP')
  const ended = endWorkerd({ process: hung, holdForStreams: never, closeTabs: none }, 300).then(
    () => 'ended',
  )
  expect(await Promise.race([ended, sleep(8_000, 'hangs')])).toBe('ended')
  expect(hung.signalCode).toBe('SIGKILL')
})

it('sends SIGTERM though nothing said that workerd waits for its streams', async () => {
  const silent = await start()
  await endWorkerd({ process: silent, holdForStreams: never, closeTabs: none }, 20_000)
  expect(silent.signalCode).toBe('SIGTERM')
})

it('sends SIGTERM only when workerd waits for its streams', async () => {
  const waiting = await start()
  let isHeld = false
  const holdForStreams = async () => {
    await sleep(100)
    isHeld = waiting.signalCode === null
  }
  await endWorkerd({ process: waiting, holdForStreams, closeTabs: none }, 20_000)
  expect([isHeld, waiting.signalCode]).toEqual([true, 'SIGTERM'])
})

it('ends when no tab is done within the grace time', async () => {
  const busy = await start()
  await endWorkerd({ process: busy, holdForStreams: none, closeTabs: never }, 300)
  expect(busy.signalCode).toBe('SIGKILL')
})
