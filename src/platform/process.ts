/** Programs that a host starts, as far as sluice needs them. */

/** How a program ended. */
export interface ProcessExit {
  /** Its exit code; null where a signal ended it, or where it could not be started. */
  code: number | null
  signal: string | null
  /** Why it could not be started. */
  error?: string
}

export interface StartedProcess {
  /** Undefined where it could not be started. */
  readonly pid: number | undefined
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<ProcessExit>
  /**
   * Sends a signal to it and to all processes that it started and that did not leave its group; also
   * to those that are left when it has ended itself.
   */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

export interface ProcessCommand {
  /** The program and its arguments; no shell reads them. */
  command: readonly string[]
  /** Set beside the variables that are passed on. */
  env: Readonly<Record<string, string>>
  cwd: string | undefined
  /** Milliseconds between SIGTERM and SIGKILL, should sluice itself be killed. */
  stopTimeout: number
  /** Called with what it writes to its standard output and its standard error. */
  onOutput(bytes: Uint8Array): void
}

/** What a host that can start programs provides to the engines. */
export interface Processes {
  start(command: ProcessCommand): Promise<StartedProcess>
  /** A port of the loopback interface that nothing listens on now. */
  freePort(): Promise<number>
  isPortFree(port: number): Promise<boolean>
}
