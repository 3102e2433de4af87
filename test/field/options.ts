/** The command line of `npm run test:field`. */
import { parseArgs } from 'node:util'
import type { ProcessHost } from '../support/hosts.ts'
import { CELL_NAMES, type CellName } from './cells.ts'
import { clients } from './clients.ts'

export const HELP = `Usage: npm run test:field -- [options]

Installs real clients into .field/clients, and drives each one through sluice in front of a
scripted server. What has passed is kept in .field/results and not driven again.

  --only CLIENT[,CLIENT]   these clients
  --api API[,API]          these of their APIs
  --cell CELL[,CELL]       these columns of the table
  --host HOST              bun (default), deno, node or workerd
  --again                  drive anew what has passed
  --seed N                 the seed of what is random (1)
  --install                install the clients and stop
  --table                  write docs/clients/results.json and the table of docs/clients.md
  --help                   show this text
`

const HOSTS = ['bun', 'deno', 'node', 'workerd'] as const

export interface Options {
  only: string[]
  apis: string[]
  cells: CellName[]
  host: ProcessHost
  isAgain: boolean
  seed: number
  task: 'drive' | 'install' | 'table' | 'help'
}

/** @throws Error that names the flag, what it got and what it takes */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      api: { type: 'string' },
      cell: { type: 'string' },
      host: { type: 'string', default: 'bun' },
      again: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      install: { type: 'boolean', default: false },
      table: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const task = (['help', 'table', 'install'] as const).find((each) => values[each]) ?? 'drive'
  const ids = clients.flatMap(({ apis }) => apis.map(({ id }) => id))
  return {
    only: listed(
      '--only',
      values.only,
      clients.map(({ name }) => name),
    ),
    apis: listed('--api', values.api, ids),
    cells: listed('--cell', values.cell, CELL_NAMES),
    host: listed('--host', values.host, HOSTS)[0] ?? 'bun',
    isAgain: values.again,
    seed: seedOf(values.seed),
    task,
  }
}

function seedOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`--seed: expected a whole number, got "${text}".`)
}

function listed<Name extends string>(
  flag: string,
  value: string | undefined,
  known: readonly Name[],
): Name[] {
  return (value?.split(',') ?? []).map((word) => {
    const name = known.find((each) => each === word)
    if (name !== undefined) return name
    throw new Error(`${flag}: expected one of ${[...new Set(known)].join(', ')}, got "${word}".`)
  })
}
