import { terminalText } from '../../util/safe/terminal.ts'
import { checkExposure, checkPorts } from '../doctor/checks/address.ts'
import { clockFound } from '../doctor/checks/clock.ts'
import { checkGpu, checkWebgpu } from '../doctor/checks/gpu.ts'
import { checkInstall } from '../doctor/checks/install.ts'
import { checkProxies } from '../doctor/checks/proxies.ts'
import { checkResources } from '../doctor/checks/resources.ts'
import { checkRuntime } from '../doctor/checks/runtime.ts'
import { checkLocalServers, upstreamChecks } from '../doctor/checks/servers.ts'
import { checkSettings } from '../doctor/checks/settings.ts'
import { checkStore } from '../doctor/checks/store.ts'
import {
  type Check,
  type CheckName,
  DEADLINE,
  type Diagnosis,
  type Examination,
  runChecks,
  TRIAL_DEADLINE,
} from '../doctor/finding.ts'
import { readGiven } from '../doctor/given-settings.ts'
import { counted, findingsJson, findingsText } from '../doctor/report.ts'
import { secretsOf, withoutSecrets } from '../doctor/secrets.ts'
import { type CommandUsage, usageText } from '../options.ts'
import { asCalled, programOf } from '../program.ts'
import { terminalStyle } from '../startup.ts'
import type { CliTool, ToolContext } from './tool.ts'

const OWN = {
  try: {
    text: 'Also ask each server for one token, which loads a model; it may take half a minute.',
  },
  json: { text: 'Print what was found as JSON.' },
  strict: { text: 'Also exit with 1 for warnings.' },
} as const

const usage: CommandUsage = {
  line: 'sluice doctor [--try] [--json] [--strict] [flags of sluice]',
  text: 'Says whether this machine and these settings will work, and what to do if not: the runtime, the\nport, the settings with everything that is wrong in them, the model servers, the GPU, proxies, the\nclock, the store of --state, memory and limits. It changes nothing, and shows no keys or passwords.\nGive it the flags that sluice is started with. The exit code is 0, or 1 if there is a problem.',
  table: OWN,
}

const CHECKING: readonly (readonly [CheckName, Check])[] = [
  ['runtime', checkRuntime],
  ['install', checkInstall],
  ['settings', checkSettings],
  ['address', checkPorts],
  ['address', checkExposure],
  ['servers', checkLocalServers],
  ['gpu', checkGpu],
  ['gpu', checkWebgpu],
  ['store', checkStore],
  ['network', checkProxies],
  ['resources', checkResources],
]

export const tool: CliTool = {
  usage,
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) {
      context.out.write(usageText(usage))
      return 0
    }
    return examine(args, context)
  },
}

async function examine(args: readonly string[], context: ToolContext): Promise<number> {
  const own = new Set(Object.keys(OWN).map((name) => `--${name}`))
  const asked = new Set(args.filter((each) => own.has(each)))
  const { host, out, signal } = context
  const rest = args.filter((each) => !own.has(each))
  const given = await readGiven(rest, host.env, host.place)
  const tries = asked.has('--try')
  const program = programOf(host)
  const examination: Examination = {
    ...{ context, host, given, tries, clocks: [] },
    settings: given.settings,
    program,
  }
  const upstreams = upstreamChecks(given.settings.upstream).map(
    (each) => ['servers', each] as const,
  )
  const found = await runChecks(
    [...upstreams, ...CHECKING],
    examination,
    signal,
    tries ? TRIAL_DEADLINE : DEADLINE,
  )
  const clock = clockFound(examination).map((each): Diagnosis => ({ check: 'network', ...each }))
  const secrets = secretsOf(given.settings, host.env)
  const findings = [...found, ...clock].map((each) =>
    withCommands(withoutSecrets(each, secrets), program),
  )
  const style = terminalStyle(await out.isTerminal(), { ...host.env })
  out.write(
    terminalText(
      asked.has('--json')
        ? findingsJson(findings, context.runtime)
        : findingsText(findings, context.runtime, { ...style }),
    ),
  )
  const { problem, warning } = counted(findings)
  return problem + (asked.has('--strict') ? warning : 0) > 0 ? 1 : 0
}

/** What the settings say of sluice's commands, too. */
function withCommands(found: Diagnosis, program: string): Diagnosis {
  const { text, remedy } = found
  return {
    ...found,
    text: asCalled(text, program),
    ...(remedy !== undefined && { remedy: asCalled(remedy, program) }),
  }
}
