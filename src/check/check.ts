/** Asks a server a few small questions and judges the answers. */
import type { Recording } from '../recording/recording.ts'
import { judgeStream, whyBroken } from './check-stream.ts'
import {
  judgeCancel,
  judgeCors,
  judgeModel,
  judgeRefusal,
  judgeWhole,
  whyRefused,
} from './checks/answers.ts'
import { judgeCalls, judgeForm, toldBy } from './checks/tools.ts'
import type { CheckedApi } from './dialects/dialect.ts'
import { dialects } from './dialects/dialects.ts'
import { Findings } from './findings.ts'
import type { QuestionResult } from './question-result.ts'
import { type QuestionName, type QuestionOptions, questionsIn, UNKNOWN } from './questions.ts'
import { wireOf } from './recorded-body.ts'
import { type Report, reportOf } from './report.ts'
import type { DialectName } from './rules/rule.ts'

export interface CheckOptions extends Omit<QuestionOptions, 'url'> {
  /** The server as the report names it. */
  url: string
  /** Where each API that is checked is asked, in the order in which they are. */
  endpoints: Partial<Record<DialectName, string>>
  /** Told of each question before it is asked. */
  onQuestion?: (title: string) => void
}

/** Rejects only with why the signal aborted. */
export async function check(options: CheckOptions): Promise<Report> {
  const asked: QuestionResult[] = []
  const untested: Report['untested'] = {}
  for (const [name, url] of Object.entries(options.endpoints)) {
    const checking = new Checking(dialects[name as DialectName], { ...options, url })
    const why = await checking.run()
    asked.push(...checking.asked)
    if (why !== undefined) untested[name as DialectName] = why
  }
  return reportOf(options, asked, untested)
}

const REFUSALS = [
  ['json', 'error-json', [400]],
  ['field', 'error-field', [400, 422]],
] as const

/** The check of one API. */
class Checking {
  readonly asked: QuestionResult[] = []
  readonly #dialect: CheckedApi
  readonly #questions: ReturnType<typeof questionsIn>
  readonly #options: QuestionOptions & Pick<CheckOptions, 'onQuestion'>

  constructor(dialect: CheckedApi, options: QuestionOptions & Pick<CheckOptions, 'onQuestion'>) {
    this.#dialect = dialect
    this.#options = options
    this.#questions = questionsIn(dialect, options)
  }

  /** Resolves with why nothing could be judged. */
  async run(): Promise<string | undefined> {
    const { asksUsage, hasTools } = this.#dialect
    const stream = await this.#ask('stream')
    // A status beyond 200 is no answer either.
    const why = whyRefused(stream.recording, 201)
    if (why !== undefined) return why
    stream.findings.push(...judgeStream(stream.recording))
    const broken = whyBroken(stream.recording, stream.findings)
    if (broken !== undefined) stream.unjudged = broken
    if (asksUsage) {
      const plain = await this.#ask('plain')
      plain.findings.push(...judgeStream(plain.recording))
    }
    this.#judge(await this.#ask('whole'), (answer, findings) =>
      judgeWhole(answer, this.#dialect, findings),
    )
    if (hasTools) await this.#offers()
    await this.#refuses()
    await this.#leaves(stream.recording)
    return undefined
  }

  async #offers(): Promise<void> {
    for (const [name, judge] of [
      ['tools', judgeCalls],
      ['structured', judgeForm],
    ] as const) {
      const asked = await this.#ask(name)
      const why = whyRefused(asked.recording)
      if (why !== undefined) {
        asked.unoffered = why
        continue
      }
      asked.findings.push(...judgeStream(asked.recording))
      const broken = whyBroken(asked.recording, asked.findings)
      if (broken !== undefined) {
        asked.unjudged = broken
        continue
      }
      this.#judge(asked, (answer, findings) => {
        const nothing = judge(toldBy(answer, this.#dialect), this.#dialect, findings)
        if (nothing !== undefined) asked.unoffered = nothing
      })
    }
  }

  async #refuses(): Promise<void> {
    this.#judge(await this.#ask('model'), (answer, findings) =>
      judgeModel(answer, this.#dialect, findings, UNKNOWN),
    )
    for (const [name, rule, statuses] of REFUSALS) {
      this.#judge(await this.#ask(name), (answer, findings) =>
        judgeRefusal(answer, this.#dialect, findings, rule, statuses),
      )
    }
    const { recording: preflight } = await this.#ask('preflight')
    this.#judge(await this.#ask('foreign'), (answer, findings) =>
      judgeCors(preflight, answer, findings),
    )
  }

  async #leaves(usual: Recording): Promise<void> {
    await this.#ask('left')
    this.#judge(await this.#ask('next'), (answer, findings) => judgeCancel(usual, answer, findings))
  }

  async #ask(name: QuestionName): Promise<QuestionResult> {
    const { signal, onQuestion } = this.#options
    signal.throwIfAborted()
    const { title, ask } = this.#questions[name]
    onQuestion?.(title)
    const recording = await ask()
    signal.throwIfAborted()
    const asked: QuestionResult = {
      dialect: this.#dialect.name,
      name,
      title,
      recording,
      findings: [],
    }
    this.asked.push(asked)
    return asked
  }

  #judge(asked: QuestionResult, judge: (answer: Recording, findings: Findings) => void): void {
    const findings = new Findings(this.#dialect.name, wireOf(asked.recording))
    judge(asked.recording, findings)
    asked.findings.push(...findings.all)
  }
}
