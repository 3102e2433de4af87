/** The options of an upstream that sluice starts itself. */
import * as z from 'zod/mini'
import { PORT, readCommand } from './command.ts'
import { boolean, integer, size, text, time } from './declaration.ts'

/** The most memory that may be declared: 16 TiB. */
const MAX_MEMORY = 2 ** 44

export const memorySize = {
  min: 1_000_000,
  max: MAX_MEMORY,
  placeholder: 'SIZE',
  expected: 'a size from 1MB to 16384GiB, such as 24GB',
} as const

const commandSchema = (): z.ZodMiniType<string | string[], string | string[]> =>
  z.union([z.string().check(z.minLength(1)), z.array(z.string()).check(z.minLength(1))])

const environmentSchema = (): z.ZodMiniType<Record<string, string>, Record<string, string>> =>
  z.record(z.string().check(z.regex(/^[A-Za-z_]\w*$/)), z.string())

/** A default is used where the server is made: an upstream with a url has none of these options. */
export const runOptions = {
  run: {
    kind: 'text' as const,
    schema: commandSchema,
    expected: 'a command, as a text or as an array of arguments',
    secret: true,
    help: `The command that starts it, instead of a url: sluice starts the server when a request needs it, and stops it. ${PORT} stands for a free port. No shell reads the command: a text is split at white space, except within quotes. Only on Bun, Deno and Node.`,
    read: readCommand,
  },
  port: integer({
    min: 1,
    max: 65_535,
    help: `With run: the port that the server listens on, always the same. By default a free one, in the place of ${PORT}.`,
  }),
  env: {
    kind: 'text' as const,
    schema: environmentSchema,
    secret: true,
    expected: 'an object: { "NAME": "value" }',
    help: 'With run: environment variables of the server, besides those of sluice. Those whose names begin with SLUICE_ are not passed on.',
  },
  cwd: text({
    expected: 'the path of a folder',
    help: 'With run: the folder that the server is started in. By default that of sluice.',
  }),
  health: text({
    pattern: /^(\/[\x21-\x7e]*|none)$/,
    expected: 'a path such as /health, or none',
    help: 'With run: the path that answers with 200 once the server is ready; none: it is ready as soon as it answers any request. By default /health, or /v1/models where the server has no /health.',
  }),
  startTimeout: time({
    min: 1_000,
    default: 30 * 60_000,
    help: 'With run: how long the server may take to become ready, with downloads.',
  }),
  idle: time({
    min: 0,
    default: 10 * 60_000,
    help: 'With run: how long after its last request the server is stopped; 0 for never.',
  }),
  stopTimeout: time({
    min: 0,
    max: 10 * 60_000,
    default: 10_000,
    help: 'With run: how long the server may take to end after SIGTERM, before it is killed.',
  }),
  memory: size({
    ...memorySize,
    help: 'With run: the memory that the server needs, which memoryBudget is compared with.',
  }),
  preload: boolean({
    default: false,
    help: 'With run: whether the server is started with sluice, and again after a crash, without waiting for a request.',
  }),
}
