import type { ChildProcess } from 'node:child_process'

/** The address that a server prints when it listens: `http://127.0.0.1:8787`. Rejects after `wait` ms. */
export function untilAddress(child: ChildProcess, wait = 20_000): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (data: Buffer) => {
      output += data
      // What is installed first may print addresses too.
      const [, address] = output.match(/ (?:at|on) (http:\/\/127\.0\.0\.1:\d+)(?=\D)/) ?? []
      if (address) settle(() => resolve(address))
    }
    const settle = (outcome: () => void) => {
      clearTimeout(timer)
      outcome()
    }
    const fail = (reason: string) => settle(() => reject(new Error(`${reason}:\n${output}`)))
    const timer = setTimeout(fail, wait, `It printed no address within ${wait} ms`)
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => fail(`It exited with ${code}`))
  })
}
