import type { ChildProcess } from 'node:child_process'

/** The address a server that just started prints: `http://127.0.0.1:8787`. Rejects after 20 s. */
export function untilAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (data: Buffer) => {
      output += data
      const [address] = output.match(/http:\/\/127\.0\.0\.1:\d+(?=\D)/) ?? []
      if (address) settle(() => resolve(address))
    }
    const settle = (outcome: () => void) => {
      clearTimeout(timer)
      outcome()
    }
    const fail = (reason: string) => settle(() => reject(new Error(`${reason}:\n${output}`)))
    const timer = setTimeout(fail, 20_000, 'It printed no address within 20 s')
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => fail(`It exited with ${code}`))
  })
}
