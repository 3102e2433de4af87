import type { ChildProcess, spawn as Spawn } from 'node:child_process'

/**
 * Reads the groups of processes that run from a pipe. When that closes, sluice has ended: then all that
 * are left are asked to end, and killed if they do not. It ignores the signals that a terminal sends.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM
groups= ; seconds=0
while read -r sign group wait; do
  case $sign in
    +) groups="$groups $group"; [ "$wait" -gt "$seconds" ] && seconds=$wait ;;
    -) left=; for each in $groups; do [ "$each" = "$group" ] || left="$left $each"; done; groups=$left ;;
  esac
done
[ -z "$groups" ] && exit
for each in $groups; do kill -s TERM -- "-$each"; done
while [ "$seconds" -gt 0 ]; do
  left=; for each in $groups; do kill -s 0 -- "-$each" && left="$left $each"; done
  [ -z "$left" ] && exit
  sleep 1; seconds=$((seconds - 1))
done
for each in $groups; do kill -s KILL -- "-$each"; done
`

/**
 * A process that ends the servers where sluice cannot do so itself, since it was killed. It runs no
 * code of sluice, and takes less than a megabyte.
 */
export class Watchdog {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Undefined where there is no shell, or it may not be run. */
  static async start(spawn: typeof Spawn): Promise<Watchdog | undefined> {
    try {
      const child = spawn('/bin/sh', ['-c', SCRIPT], {
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      const isStarted = await new Promise<boolean>((resolve) => {
        child.once('spawn', () => resolve(true))
        child.once('error', () => resolve(false))
      })
      child.stdin?.on('error', () => {})
      child.unref()
      return isStarted ? new Watchdog(child) : undefined
    } catch {
      return undefined
    }
  }

  add(group: number, stopTimeout: number): void {
    this.#child.stdin?.write(`+ ${group} ${Math.ceil(stopTimeout / 1000)}\n`)
  }

  remove(group: number): void {
    this.#child.stdin?.write(`- ${group}\n`)
  }
}
